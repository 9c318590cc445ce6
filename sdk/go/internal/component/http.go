//go:build wasip1

package component

import (
	"bytes"
	"runtime"
	"unsafe"

	"mpy6a/internal/wire"
)

// Send keeps everything that the host is to read alive until it returns. The texts must be UTF-8.
func (host) Send(request *wire.Request) (got *wire.Response, failed *wire.Trouble) {
	headers := headerPairs(request.Headers)
	result := new(answer)
	receiving(
		func() { send(request, headers, result) },
		func() { got, failed = result.wire() },
	)
	runtime.KeepAlive(request)
	runtime.KeepAlive(headers)
	return got, failed
}

func send(request *wire.Request, headers []pair, result *answer) {
	someTimeout, timeoutMS := flatten(request.TimeoutMS)
	step := ""
	if request.Step != nil {
		step = *request.Step
	}
	httpSend(
		unsafe.Pointer(unsafe.StringData(request.Method)), uint32(len(request.Method)),
		unsafe.Pointer(unsafe.StringData(request.URL)), uint32(len(request.URL)),
		unsafe.Pointer(unsafe.SliceData(headers)), uint32(len(headers)),
		number(request.Body != nil), unsafe.Pointer(unsafe.SliceData(request.Body)), uint32(len(request.Body)),
		someTimeout, timeoutMS,
		number(request.Step != nil), unsafe.Pointer(unsafe.StringData(step)), uint32(len(step)),
		result,
	)
}

// headerPairs holds the addresses of the headers' texts, which the collector does not see as references.
func headerPairs(headers []wire.Pair) []pair {
	all := make([]pair, 0, len(headers))
	for _, header := range headers {
		all = append(all, pair{name: address(header.Name), value: address(header.Value)})
	}
	return all
}

func address(text string) list {
	return list{address: uint32(uintptr(unsafe.Pointer(unsafe.StringData(text)))), length: uint32(len(text))}
}

func (a *answer) wire() (*wire.Response, *wire.Trouble) {
	payload := unsafe.Pointer(&a.payload)
	if a.failed {
		trouble := (*trouble)(payload)
		return nil, trouble.wire()
	}
	response := (*response)(payload)
	return &wire.Response{
		Status:  response.status,
		Headers: copiedPairs(response.headers),
		Body:    bytes.Clone(items[byte](response.body)),
	}, nil
}

func (t *trouble) wire() *wire.Trouble {
	code := wire.TroubleCode(t.code)
	switch code {
	case wire.Timeout:
		return &wire.Trouble{Code: code}
	case wire.ResponseTooLarge:
		return &wire.Trouble{Code: code, Limit: t.payload}
	default:
		why := (*list)(unsafe.Pointer(&t.payload))
		return &wire.Trouble{Code: code, Why: copied(*why)}
	}
}

func number(condition bool) uint32 {
	if condition {
		return 1
	}
	return 0
}
