//go:build wasip1

package component

import (
	"errors"
	"runtime"
	"strings"
	"unsafe"

	"mpy6a/internal/wire"
)

// host is the real host, reached through the imports. Its value is the handle of the run's one session.
type host uint32

func (session host) ID() string {
	return receiveText(func(result *list) { sessionID(uint32(session), result) })
}

func (session host) Fence() string {
	return receiveText(func(result *list) { sessionFence(uint32(session), result) })
}

func receiveText(call func(*list)) (got string) {
	result := new(list)
	receiving(func() { call(result) }, func() { got = copied(*result) })
	return got
}

func (session host) Append(record []byte) *wire.Refusal {
	result := new(refusal)
	sessionAppend(uint32(session), unsafe.Pointer(unsafe.SliceData(record)), uint32(len(record)), result)
	runtime.KeepAlive(record)
	return result.wire()
}

func (session host) Replace(record []byte) *wire.Refusal {
	result := new(refusal)
	sessionReplace(uint32(session), unsafe.Pointer(unsafe.SliceData(record)), uint32(len(record)), result)
	runtime.KeepAlive(record)
	return result.wire()
}

func (session host) Delete() *wire.Refusal {
	result := new(refusal)
	sessionDelete(uint32(session), result)
	return result.wire()
}

func (session host) Store(seconds *uint32) *wire.Refusal {
	result := new(refusal)
	some, value := flatten(seconds)
	sessionStore(uint32(session), some, value, result)
	return result.wire()
}

func (r *refusal) wire() *wire.Refusal {
	if !r.failed {
		return nil
	}
	return &wire.Refusal{Code: wire.RefusalCode(r.code), Limit: r.limit}
}

// Log replaces what is not UTF-8: the host would end a run that passes other text.
func (host) Log(level wire.Level, message string) {
	message = strings.ToValidUTF8(message, "\uFFFD")
	logWrite(uint32(level), unsafe.Pointer(unsafe.StringData(message)), uint32(len(message)))
	runtime.KeepAlive(message)
}

func (host) Setting(key string) (value string, found bool, err error) {
	key = strings.ToValidUTF8(key, "\uFFFD")
	result := new(setting)
	call := func() {
		configGet(unsafe.Pointer(unsafe.StringData(key)), uint32(len(key)), result)
		runtime.KeepAlive(key)
	}
	receiving(call, func() { value, found = copied(result.value.text), result.value.some })
	if result.failed {
		return "", false, errors.New(value)
	}
	return value, found, nil
}

func (host) Settings() (all []wire.Pair, err error) {
	result := new(settings)
	take := func() {
		if result.failed {
			err = errors.New(copied(list{address: result.payload[1], length: result.payload[2]}))
			return
		}
		all = copiedPairs(list{address: result.payload[0], length: result.payload[1]})
	}
	receiving(func() { configGetAll(result) }, take)
	return all, err
}

// flatten is an option as two numbers.
func flatten(number *uint32) (some, value uint32) {
	if number == nil {
		return 0, 0
	}
	return 1, *number
}
