package dictionary

// Host is the architecture of this build.
const Host = ARM64
