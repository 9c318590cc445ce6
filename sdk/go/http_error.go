package mpy6a

import (
	"errors"
	"fmt"

	"mpy6a/internal/wire"
)

// Why a request brought no response: what an [HTTPError] wraps, for errors.Is.
var (
	// The allow-list does not name this target, or its address is one that was not meant. Nothing left the host.
	ErrDenied = errors.New("denied, see the kind's [[kind.plugin.http]]")
	// The request itself is malformed. Nothing left the host.
	ErrInvalid = errors.New("not a valid request")
	// No connection could be made. Nothing was sent.
	ErrUnreachable = errors.New("unreachable")
	// The time was up. The request may have been carried out.
	ErrTimeout = errors.New("no response in time")
	// The connection broke after the request was sent. The request may have been carried out.
	ErrBroken = errors.New("the connection broke")
	// The response is longer than the host's limit. The request was carried out.
	ErrResponseTooLarge = errors.New("the response is over the host's limit")
)

// HTTPError says that a request brought no response. Returned from the handler it is to be retried where it may heal, and
// permanent otherwise.
type HTTPError struct {
	// Request is its method and URL, without the query.
	Request string
	// Err is one of the errors above.
	Err error
	// Why is what the host says of it, or empty.
	Why string
	// Limit is the host's, in bytes, for ErrResponseTooLarge.
	Limit uint64
}

func (e *HTTPError) Error() string {
	switch {
	case e.Err == ErrResponseTooLarge:
		return fmt.Sprintf("%s: %v of %d bytes", e.Request, e.Err, e.Limit)
	case e.Why == "":
		return fmt.Sprintf("%s: %v", e.Request, e.Err)
	default:
		return fmt.Sprintf("%s: %v: %s", e.Request, e.Err, e.Why)
	}
}

func (e *HTTPError) Unwrap() error { return e.Err }

// Timeout says whether the time was up, as net.Error has it.
func (e *HTTPError) Timeout() bool { return e.Err == ErrTimeout }

// MayHeal says whether the same request may succeed in a later repeat, with the same handler and the same config.
func (e *HTTPError) MayHeal() bool {
	return e.Err == ErrUnreachable || e.Err == ErrTimeout || e.Err == ErrBroken
}

// MayHaveHappened says whether the service may have carried the request out.
func (e *HTTPError) MayHaveHappened() bool {
	return e.Err == ErrTimeout || e.Err == ErrBroken || e.Err == ErrResponseTooLarge
}

func (e *HTTPError) permanent() bool { return !e.MayHeal() }

func troubled(request string, trouble *wire.Trouble) *HTTPError {
	cases := [...]error{
		wire.Denied:           ErrDenied,
		wire.Invalid:          ErrInvalid,
		wire.Unreachable:      ErrUnreachable,
		wire.Timeout:          ErrTimeout,
		wire.Broken:           ErrBroken,
		wire.ResponseTooLarge: ErrResponseTooLarge,
	}
	return &HTTPError{Request: request, Err: cases[trouble.Code], Why: trouble.Why, Limit: trouble.Limit}
}
