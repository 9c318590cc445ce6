package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

const (
	memorySection = 5
	hasMaximum    = 1
)

var header = []byte("\x00asm\x01\x00\x00\x00")

// makeRoom gives the module's one memory roomPages more at its start. Package mpy6a/internal/heap has the reason.
func makeRoom(module []byte) ([]byte, error) {
	if !bytes.HasPrefix(module, header) {
		return nil, errors.New("this is no core module of WebAssembly")
	}
	out := bytes.Clone(header)
	for rest := module[len(header):]; len(rest) > 0; {
		id := rest[0]
		size, length := binary.Uvarint(rest[1:])
		if length <= 0 || size > uint64(len(rest)-1-length) {
			return nil, fmt.Errorf("section %d is cut off", id)
		}
		content := rest[1+length:][:size]
		rest = rest[1+length+int(size):]
		if id == memorySection {
			var err error
			if content, err = raise(content); err != nil {
				return nil, err
			}
		}
		out = append(out, id)
		out = binary.AppendUvarint(out, uint64(len(content)))
		out = append(out, content...)
	}
	return out, nil
}

// raise changes the content of a memory section: a count, then flags and the least number of pages of each.
func raise(section []byte) ([]byte, error) {
	if len(section) < 3 || section[0] != 1 || section[1]&hasMaximum != 0 {
		return nil, errors.New("the module's memory is not as Go's linker writes it: one, without a maximum")
	}
	pages, length := binary.Uvarint(section[2:])
	if length <= 0 {
		return nil, errors.New("the memory section is cut off")
	}
	raised := binary.AppendUvarint(section[:2:2], pages+roomPages)
	return append(raised, section[2+length:]...), nil
}
