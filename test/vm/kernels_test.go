package vm

import (
	"slices"
	"testing"
)

func TestOldestFirst(t *testing.T) {
	got := oldestFirst([]string{
		"linux-image-6.12.117+deb12-cloud-amd64", "linux-image-6.12-cloud-amd64", "linux-image-6.1.0-50-cloud-amd64",
		"linux-image-6.12.9+bpo-cloud-amd64", "linux-image-6.1.0-9-cloud-amd64", "linux-image-6.1.0-50-cloud-amd64",
	})
	want := []string{
		"linux-image-6.1.0-9-cloud-amd64", "linux-image-6.1.0-50-cloud-amd64",
		"linux-image-6.12.9+bpo-cloud-amd64", "linux-image-6.12.117+deb12-cloud-amd64",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestKernelAtLeast(t *testing.T) {
	k := Kernel{Release: "6.1.0-47-cloud-amd64"}
	if !k.AtLeast(6, 1) || !k.AtLeast(5, 15) || k.AtLeast(6, 2) || k.AtLeast(6, 12) {
		t.Errorf("%s compares wrongly", k)
	}
}
