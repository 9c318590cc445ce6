package mpy6a

import (
	"fmt"
	"slices"
	"strings"

	"mpy6a/internal/wire"
)

// quotedBytesMax is how much of a body is quoted in an error, in bytes: a line of a service's error message.
const quotedBytesMax = 200

// retried are the statuses outside 5xx after which the same request may succeed later: 408 Request Timeout, 409 Conflict,
// 412 Precondition Failed (a stale fence, above all), 423 Locked, 425 Too Early, 429 Too Many Requests (RFC 9110, section
// 15; RFC 4918, section 11.3; RFC 8470, section 5.2; RFC 6585, section 4).
var retried = []int{408, 409, 412, 423, 425, 429}

// Response is a whole HTTP response.
type Response struct {
	Status int
	// Headers have their names in lower case, in the order in which they came.
	Headers []Header
	Body    []byte

	// What it answers, for error messages.
	request string
}

// Header is one header of a response.
type Header = wire.Pair

func newResponse(request string, response *wire.Response) *Response {
	return &Response{
		Status:  int(response.Status),
		Headers: response.Headers,
		Body:    response.Body,
		request: request,
	}
}

// IsSuccess says whether the status is 2xx.
func (r *Response) IsSuccess() bool { return r.Status >= 200 && r.Status < 300 }

// Header is the first header of this name, in whatever case, or empty.
func (r *Response) Header(name string) string {
	for _, header := range r.Headers {
		if strings.EqualFold(header.Name, name) {
			return header.Value
		}
	}
	return ""
}

// ExpectSuccess is nil if the status is 2xx, else a [StatusError].
func (r *Response) ExpectSuccess() error {
	if r.IsSuccess() {
		return nil
	}
	return &StatusError{Request: r.request, Status: r.Status, Body: r.quote()}
}

// JSON reads the body as JSON into what value points to, as [Repeat.Record] does. A body that is no such JSON is to be
// retried: what answered may have been a proxy's error page, or a service half-way through a deployment.
func (r *Response) JSON(value any) error {
	if err := decode(r.Body, value); err != nil {
		return Retryf("%s answered %d with what is no %s in JSON: %w", r.request, r.Status, pointee(value), err)
	}
	return nil
}

func (r *Response) quote() string {
	shown, more := r.Body, ""
	if len(shown) > quotedBytesMax {
		shown, more = shown[:quotedBytesMax], "…"
	}
	return strings.TrimSpace(strings.ToValidUTF8(string(shown), "\uFFFD")) + more
}

// StatusError says that a response's status was not 2xx. Returned from the handler it is to be retried for 5xx, 408, 409,
// 412, 423, 425 and 429, and permanent for any other status.
type StatusError struct {
	// Request is its method and URL, without the query.
	Request string
	Status  int
	// Body is the beginning of the response's.
	Body string
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("%s answered %d: %s", e.Request, e.Status, e.Body)
}

func (e *StatusError) permanent() bool { return e.Status < 500 && !slices.Contains(retried, e.Status) }
