package mpy6a

import (
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"mpy6a/internal/wire"
)

// Request is an HTTP request that is being built. Nothing leaves before Send, and what went wrong while building is the
// error of Send, so that a chain of calls needs one look at an error only.
//
// Name a step in every request that has an effect, and in every look-up by which the handler decides; see [Request.Step].
type Request struct {
	repeat *Repeat
	wire   wire.Request
	// The first thing that went wrong, or nil.
	problem error
}

// Get begins a GET request to an absolute http or https URL.
func (r *Repeat) Get(url string) *Request { return r.Request("GET", url) }

// Post begins a POST request to an absolute http or https URL.
func (r *Repeat) Post(url string) *Request { return r.Request("POST", url) }

// Put begins a PUT request to an absolute http or https URL.
func (r *Repeat) Put(url string) *Request { return r.Request("PUT", url) }

// Patch begins a PATCH request to an absolute http or https URL.
func (r *Repeat) Patch(url string) *Request { return r.Request("PATCH", url) }

// Request begins a request with any method, in capitals. There is no Repeat.Delete for HTTP, for that deletes the session.
func (r *Repeat) Request(method, url string) *Request {
	return &Request{repeat: r, wire: wire.Request{Method: method, URL: url}}
}

// Query adds name=value to the URL, both percent-encoded.
func (q *Request) Query(name, value string) *Request {
	separator := "?"
	if strings.Contains(q.wire.URL, "?") {
		separator = "&"
	}
	q.wire.URL += separator + percentEncode(name) + "=" + percentEncode(value)
	return q
}

// percentEncode leaves the unreserved characters of RFC 3986, section 2.3, as they are. url.QueryEscape does the same but
// for the space, of which it makes a plus, as HTML forms have it.
func percentEncode(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }

// Header adds a header.
func (q *Request) Header(name, value string) *Request {
	q.wire.Headers = append(q.wire.Headers, wire.Pair{Name: name, Value: value})
	return q
}

// Body sends these bytes, which must not be changed before Send.
func (q *Request) Body(body []byte) *Request {
	if body == nil {
		body = []byte{}
	}
	q.wire.Body = body
	return q
}

// JSON sends this value as JSON, with its Content-Type.
func (q *Request) JSON(value any) *Request {
	body, err := encode(value)
	if err != nil {
		q.fail(fmt.Errorf("the body does not serialise: %w", err))
		return q
	}
	return q.Header("content-type", "application/json").Body(body)
}

// Step names what this request does; the name must be unique within the handler and stay the same for ever. The request
// then carries `Idempotency-Key: <session id>/<step>`, the same in every repeat, and `Mpy6a-Fence: <fence>`, which grows
// with every change of hands: a service that keeps them carries out nothing twice, and nothing late.
func (q *Request) Step(step string) *Request {
	q.wire.Step = &step
	return q
}

// Timeout gives up after this time, rounded up to whole milliseconds. The run's own deadline holds in any case.
func (q *Request) Timeout(timeout time.Duration) *Request {
	milliseconds := roundUp(timeout, time.Millisecond)
	q.wire.TimeoutMS = &milliseconds
	return q
}

// Send sends the request and waits for the whole response, whatever its status. Every operation asked of the session
// before is durable before the request leaves. An error is an [HTTPError].
func (q *Request) Send() (*Response, error) {
	q.checkText()
	if q.problem != nil {
		return nil, &HTTPError{Request: q.line(), Err: ErrInvalid, Why: q.problem.Error()}
	}
	response, trouble := q.repeat.host.Send(&q.wire)
	if trouble != nil {
		return nil, troubled(q.line(), trouble)
	}
	return newResponse(q.line(), response), nil
}

// SendOK is Send, and then [Response.ExpectSuccess]: for a request of which only success is news.
func (q *Request) SendOK() (*Response, error) {
	response, err := q.Send()
	if err != nil {
		return nil, err
	}
	if err := response.ExpectSuccess(); err != nil {
		return nil, err
	}
	return response, nil
}

func (q *Request) fail(problem error) {
	if q.problem == nil {
		q.problem = problem
	}
}

// checkText refuses what is not UTF-8: the host would end a run that passes other text.
func (q *Request) checkText() {
	texts := []string{q.wire.Method, q.wire.URL}
	for _, header := range q.wire.Headers {
		texts = append(texts, header.Name, header.Value)
	}
	if q.wire.Step != nil {
		texts = append(texts, *q.wire.Step)
	}
	for _, text := range texts {
		if !utf8.ValidString(text) {
			q.fail(fmt.Errorf("%+q is not UTF-8", text))
		}
	}
}

// line is method and URL, for error messages. Without the query: it may hold what must not be kept in a log.
func (q *Request) line() string {
	before, _, _ := strings.Cut(q.wire.URL, "?")
	before, _, _ = strings.Cut(before, "#")
	return q.wire.Method + " " + before
}
