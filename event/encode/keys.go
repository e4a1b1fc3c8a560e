package encode

// The keys of a line that mean something.
const (
	keyTimestamp = iota
	keyProcessID
	keyThreadID
	keyParentProcessID
	keyHostProcessID
	keyHostThreadID
	keyHostParentProcessID
	keyUserID
	keyMountNamespace
	keyPIDNamespace
	keyProcessName
	keyHostName
	keyProcessNameRaw
	keyHostNameRaw
	keyEventID
	keyEventName
	keyReturnValue
	keyStackAddresses
	keyArgs
	keyTime
	keyMonotonicNs
	keyCPU
	keyArch
	keyFlags
	keyCgroupID
	keyObject
	keyProcess
	keyContainer
	keyGap
	numKeys
)

// keyOf finds a key, -1 for those that mean nothing here.
func keyOf(key []byte) int {
	var b [24]byte
	switch string(fold(&b, key)) {
	case "timestamp":
		return keyTimestamp
	case "processid":
		return keyProcessID
	case "threadid":
		return keyThreadID
	case "parentprocessid":
		return keyParentProcessID
	case "hostprocessid":
		return keyHostProcessID
	case "hostthreadid":
		return keyHostThreadID
	case "hostparentprocessid":
		return keyHostParentProcessID
	case "userid":
		return keyUserID
	case "mountnamespace":
		return keyMountNamespace
	case "pidnamespace":
		return keyPIDNamespace
	case "processname":
		return keyProcessName
	case "hostname":
		return keyHostName
	case "processnameraw":
		return keyProcessNameRaw
	case "hostnameraw":
		return keyHostNameRaw
	case "eventid":
		return keyEventID
	case "eventname":
		return keyEventName
	case "returnvalue":
		return keyReturnValue
	case "stackaddresses":
		return keyStackAddresses
	case "args":
		return keyArgs
	}
	return ownKey(string(fold(&b, key)))
}

// ownKey finds the keys that follow Tracee's.
func ownKey(key string) int {
	switch key {
	case "time":
		return keyTime
	case "monotonicns":
		return keyMonotonicNs
	case "cpu":
		return keyCPU
	case "arch":
		return keyArch
	case "flags":
		return keyFlags
	case "cgroupid":
		return keyCgroupID
	case "object":
		return keyObject
	case "process":
		return keyProcess
	case "container":
		return keyContainer
	case "gap":
		return keyGap
	}
	return -1
}

// fold is the key in lower case, cut to the length of the longest that matters.
func fold(b *[24]byte, key []byte) []byte {
	if len(key) > len(b) {
		return nil
	}
	for i, c := range key {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		b[i] = c
	}
	return b[:len(key)]
}
