package main

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
)

// module has a memory section with this content, between two others.
func module(memory string) []byte {
	section := func(id byte, content string) string { return string([]byte{id, byte(len(content))}) + content }
	return []byte(string(header) + section(1, "types") + section(memorySection, memory) + section(10, "code"))
}

func TestTheMemoryGetsMorePagesAndNothingElseChanges(t *testing.T) {
	// The number of pages takes one byte at first, and two with more room.
	want := string(binary.AppendUvarint([]byte("\x01\x00"), 0x3c+roomPages))
	got, err := makeRoom(module("\x01\x00\x3c"))
	if err != nil || !bytes.Equal(got, module(want)) {
		t.Errorf("it became %q, %v", got, err)
	}
}

func TestWhatGosLinkerDoesNotWriteIsRefused(t *testing.T) {
	cut := module("\x01\x00\x22")
	for words, bad := range map[string][]byte{
		"no core module":      []byte("\x00asm\x0d\x00\x01\x00"),
		"without a maximum":   module("\x01\x01\x22\x30"),
		"section 10":          cut[:len(cut)-1],
		"as Go's linker":      module("\x02\x00\x22\x00\x22"),
		"section is cut off":  module("\x01\x00\xff"),
		"section 1 is cut of": []byte(string(header) + "\x01"),
	} {
		if _, err := makeRoom(bad); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
