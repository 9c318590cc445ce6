package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"mpy6a"
	"mpy6a/mpy6atest"
)

// The handler's decisions: for each state that a client can leave, what is asked of A and B, and how the session ends.

const (
	asked   = `{"step":"create","user":{"nick":"ёж & co","name":"Анна","mail":"a@example.org"}}`
	created = `{"step":"created","id":7}`
	found   = `{"id":7,"nick":"ёж & co","name":"Анна","mail":"a@example.org"}`
	nobody  = `{"error":"no such user"}`
)

type answer struct {
	status int
	body   string
}

// run runs the handler over these records. A and B answer as they are told.
func run(records []string, a, b answer) mpy6atest.Ended {
	return runWith(records, func(request mpy6atest.Request) (mpy6atest.Response, error) {
		answer := b
		if strings.HasPrefix(request.URL, "http://a/") {
			answer = a
		}
		return mpy6atest.Response{Status: answer.status, Body: answer.body}, nil
	})
}

func runWith(records []string, http func(mpy6atest.Request) (mpy6atest.Response, error)) mpy6atest.Ended {
	settings := map[string]string{"service_a": "http://a", "service_b": "http://b"}
	return mpy6atest.Scene{Records: records, Settings: settings, HTTP: http}.Run(handle)
}

// requests are method, URL and step of every request.
func requests(ended mpy6atest.Ended) (shown []string) {
	for _, request := range ended.Requests {
		shown = append(shown, request.Method+" "+request.URL+" "+request.Step)
	}
	return shown
}

func deleted(ended mpy6atest.Ended) bool {
	return ended.Err == nil && slices.Equal(ended.Operations, []string{"delete"})
}

func TestWithoutAnIDTheNickIsLookedUpAndTheUserRolledForward(t *testing.T) {
	ended := run([]string{asked}, answer{200, found}, answer{204, ""})
	want := []string{"GET http://a/users?nick=%D1%91%D0%B6%20%26%20co find", "PUT http://b/index/7 index"}
	if !slices.Equal(requests(ended), want) || string(ended.Requests[1].Body) != found {
		t.Errorf("%+v", ended)
	}
	if ended.Requests[0].Timeout != 3*time.Second || ended.Requests[1].Timeout != 3*time.Second {
		t.Errorf("%+v", ended)
	}
	if !deleted(ended) || !ended.Logged("rolled forward user 7") {
		t.Errorf("%+v", ended)
	}
}

func TestWithAnIDItIsFetchedWhateverItsAttributesBecame(t *testing.T) {
	renamed := `{"id":7,"nick":"ёж","name":"","mail":""}`
	ended := run([]string{asked, created}, answer{200, renamed}, answer{204, ""})
	if requests(ended)[0] != "GET http://a/users/7 find" || string(ended.Requests[1].Body) != renamed {
		t.Errorf("%+v", ended)
	}
	if !deleted(ended) || !ended.Logged("rolled forward user 7") {
		t.Errorf("%+v", ended)
	}
}

func TestAUserThatADoesNotKnowIsRolledBack(t *testing.T) {
	for _, records := range [][]string{{asked}, {asked, created}} {
		ended := run(records, answer{404, nobody}, answer{500, "B must not be asked"})
		if len(ended.Requests) != 1 || !deleted(ended) || !ended.Logged("rolled back: no such user") {
			t.Errorf("%+v", ended)
		}
	}
}

func TestASessionWithoutRecordsIsForgottenWithoutAsking(t *testing.T) {
	ended := run(nil, answer{500, "A must not be asked"}, answer{500, ""})
	if len(ended.Requests) != 0 || !deleted(ended) {
		t.Errorf("%+v", ended)
	}
}

func TestSomebodyElseWithTheNickIsIndexedButDoesNotCountAsThisOne(t *testing.T) {
	other := `{"id":3,"nick":"ёж & co","name":"Борис","mail":"b@example.org"}`
	ended := run([]string{asked}, answer{200, other}, answer{204, ""})
	if requests(ended)[1] != "PUT http://b/index/3 index" || !deleted(ended) ||
		!ended.Logged("rolled back: no such user; user 3 has the nick") {
		t.Errorf("%+v", ended)
	}
}

func TestAnyErrorLeavesAtOnceToBeRepeated(t *testing.T) {
	fails := func(err error) mpy6atest.Ended {
		return runWith([]string{asked}, func(mpy6atest.Request) (mpy6atest.Response, error) {
			return mpy6atest.Response{}, err
		})
	}
	one := []string{asked}
	for name, ended := range map[string]mpy6atest.Ended{
		"A fails":               run(one, answer{503, "made to fail"}, answer{204, ""}),
		"the fence is stale":    run(one, answer{412, "stale"}, answer{204, ""}),
		"A answers no JSON":     run(one, answer{200, "<html>"}, answer{204, ""}),
		"A answers half a user": run(one, answer{200, `{"id":7}`}, answer{204, ""}),
		"404 not in A's words":  run(one, answer{404, "<html>"}, answer{204, ""}),
		"B fails":               run(one, answer{200, found}, answer{503, "made to fail"}),
		"B does not like it":    run(one, answer{200, found}, answer{400, "no"}),
		"A hangs":               fails(mpy6a.ErrTimeout),
		"A is not granted":      fails(mpy6a.ErrDenied),
	} {
		if ended.Outcome != mpy6atest.Retry || len(ended.Operations) != 0 || len(ended.Lines) != 0 {
			t.Errorf("%s: %+v", name, ended)
		}
	}
}

func TestARecordThatNobodyCanReadIsPermanent(t *testing.T) {
	for _, bad := range []string{
		`{`, `{"step":"drop"}`, `{"step":"created"}`, `{"step":"create"}`, `{"step":"create","user":{"nick":"a"}}`,
	} {
		ended := run([]string{asked, bad}, answer{200, found}, answer{204, ""})
		if ended.Outcome != mpy6atest.Permanent || !strings.HasPrefix(ended.Reason, "record 1: ") ||
			len(ended.Requests) != 0 || len(ended.Operations) != 0 {
			t.Errorf("%s: %+v", bad, ended)
		}
	}
}
