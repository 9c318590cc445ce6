// Package mpy6ahttp lets libraries that want an *http.Client send their requests through the host:
//
//	client := mpy6ahttp.Client(r)
//	request, err := http.NewRequestWithContext(mpy6ahttp.WithStep(ctx, "cancel"), "POST", url, body)
//	response, err := client.Do(request)
//
// The grants, the barrier and the errors are those of mpy6a's own requests: errors.As finds the *mpy6a.HTTPError, and an
// error returned from the handler is judged by it. net/http makes a handler some 7 MB larger; without a library that
// wants it, r.Get and its like do the same.
package mpy6ahttp

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"time"

	"mpy6a"
)

// Client sends through the host. Redirects are not followed: the response that redirects is the answer.
func Client(r *mpy6a.Repeat) *http.Client {
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &http.Client{Transport: Transport{Repeat: r}, CheckRedirect: stay}
}

// Transport is an http.RoundTripper over a run. The deadline of a request's context, and so http.Client.Timeout, becomes
// the request's timeout; a context that is cancelled has no effect once the request has left.
type Transport struct{ Repeat *mpy6a.Repeat }

type stepKey struct{}

// WithStep names what a request does, as mpy6a.Request.Step has it.
func WithStep(ctx context.Context, step string) context.Context {
	return context.WithValue(ctx, stepKey{}, step)
}

// RoundTrip sends a request and waits for the whole response.
func (t Transport) RoundTrip(request *http.Request) (*http.Response, error) {
	asked, err := t.asked(request)
	if err != nil {
		return nil, err
	}
	got, err := asked.Send()
	if err != nil {
		return nil, err
	}
	response := &http.Response{
		Status:        http.StatusText(got.Status),
		StatusCode:    got.Status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        http.Header{},
		Body:          io.NopCloser(bytes.NewReader(got.Body)),
		ContentLength: int64(len(got.Body)),
		Request:       request,
	}
	for _, header := range got.Headers {
		response.Header.Add(header.Name, header.Value)
	}
	return response, nil
}

func (t Transport) asked(request *http.Request) (*mpy6a.Request, error) {
	ctx := request.Context()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	asked := t.Repeat.Request(request.Method, request.URL.String())
	for name, values := range request.Header {
		for _, value := range values {
			asked.Header(name, value)
		}
	}
	if request.Body != nil {
		defer request.Body.Close()
		body, err := io.ReadAll(request.Body)
		if err != nil {
			return nil, err
		}
		asked.Body(body)
	}
	if deadline, ok := ctx.Deadline(); ok {
		asked.Timeout(time.Until(deadline))
	}
	if step, ok := ctx.Value(stepKey{}).(string); ok {
		asked.Step(step)
	}
	return asked, nil
}
