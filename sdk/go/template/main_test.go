package main

import (
	"slices"
	"strings"
	"testing"

	"mpy6a/mpy6atest"
)

// run runs the handler over one record. The shop answers with this status.
func run(record string, status int) mpy6atest.Ended {
	return mpy6atest.Scene{
		Records:  []string{record},
		Settings: map[string]string{"shop": "http://shop.test"},
		HTTP: func(mpy6atest.Request) (mpy6atest.Response, error) {
			return mpy6atest.Response{Status: status}, nil
		},
	}.Run(handle)
}

func TestAnOrderIsCancelled(t *testing.T) {
	ended := run(`{"order":7}`, 204)
	if ended.Outcome != mpy6atest.Deleted || !slices.Equal(ended.Operations, []string{"delete"}) {
		t.Errorf("the session was not deleted: %+v", ended)
	}
	if len(ended.Requests) != 1 {
		t.Fatalf("one request should have left: %+v", ended.Requests)
	}
	request := ended.Requests[0]
	if request.Method != "POST" || request.URL != "http://shop.test/orders/7/cancel" || request.Step != "cancel" {
		t.Errorf("the wrong request left: %+v", request)
	}
	if !ended.Logged("cancelled order 7") {
		t.Errorf("nothing was logged: %+v", ended.Lines)
	}
}

func TestAShopThatIsDownIsAskedAgainLater(t *testing.T) {
	ended := run(`{"order":7}`, 503)
	if ended.Outcome != mpy6atest.Retry || len(ended.Operations) != 0 {
		t.Errorf("the session should be repeated: %+v", ended)
	}
}

func TestARecordThatNobodyCanReadIsPermanent(t *testing.T) {
	for _, record := range []string{`{`, `{}`, `{"order":"seven"}`, "\xff"} {
		ended := run(record, 204)
		if ended.Outcome != mpy6atest.Permanent || !strings.HasPrefix(ended.Reason, "record 0: ") {
			t.Errorf("%q: %+v", record, ended)
		}
	}
}
