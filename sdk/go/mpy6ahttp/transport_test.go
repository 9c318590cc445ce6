package mpy6ahttp_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"mpy6a"
	"mpy6a/mpy6ahttp"
	"mpy6a/mpy6atest"
)

func TestARequestOfNetHTTPLeavesThroughTheHost(t *testing.T) {
	scene := mpy6atest.Scene{HTTP: func(mpy6atest.Request) (mpy6atest.Response, error) {
		headers := []mpy6a.Header{{Name: "location", Value: "http://elsewhere/"}}
		return mpy6atest.Response{Status: 302, Headers: headers, Body: "there"}, nil
	}}
	ended := scene.Run(func(r *mpy6a.Repeat) error {
		client := mpy6ahttp.Client(r)
		client.Timeout = time.Minute
		ctx := mpy6ahttp.WithStep(context.Background(), "cancel")
		request, err := http.NewRequestWithContext(ctx, "POST", "http://a/x?y=z", strings.NewReader("body"))
		if err != nil {
			return err
		}
		request.Header.Set("X-A", "1")
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		body, err := io.ReadAll(response.Body)
		if response.StatusCode != 302 || response.Header.Get("Location") != "http://elsewhere/" || string(body) != "there" {
			t.Errorf("%+v, %q, %v", response, body, err)
		}
		return r.Delete()
	})
	if ended.Outcome != mpy6atest.Deleted || len(ended.Requests) != 1 {
		t.Fatalf("%+v", ended)
	}
	got := ended.Requests[0]
	if got.Method != "POST" || got.URL != "http://a/x?y=z" || string(got.Body) != "body" || got.Step != "cancel" ||
		got.Headers[0] != (mpy6a.Header{Name: "X-A", Value: "1"}) || got.Timeout <= 0 || got.Timeout > time.Minute {
		t.Errorf("%+v", got)
	}
}

func TestErrorsOfTheHostKeepTheirMeaning(t *testing.T) {
	scene := mpy6atest.Scene{HTTP: func(mpy6atest.Request) (mpy6atest.Response, error) {
		return mpy6atest.Response{}, mpy6a.ErrDenied
	}}
	ended := scene.Run(func(r *mpy6a.Repeat) error {
		_, err := mpy6ahttp.Client(r).Get("http://a/")
		return err
	})
	if ended.Outcome != mpy6atest.Permanent || !errors.Is(ended.Err, mpy6a.ErrDenied) {
		t.Errorf("%+v", ended)
	}
}
