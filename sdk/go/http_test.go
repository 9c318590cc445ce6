package mpy6a_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"mpy6a"
	"mpy6a/mpy6atest"
)

// sent is what leaves when a handler makes these requests, and what came of it.
func sent(handle func(*mpy6a.Repeat) error) mpy6atest.Ended {
	answer := func(mpy6atest.Request) (mpy6atest.Response, error) { return mpy6atest.Response{Status: 200}, nil }
	return mpy6atest.Scene{HTTP: answer}.Run(handle)
}

func TestAQuerySurvivesEveryCharacter(t *testing.T) {
	ended := sent(func(r *mpy6a.Repeat) error {
		_, err := r.Get("http://a/users").Query("nick", "ёж & co+=%?#/~").Query("x", "").Send()
		return err
	})
	want := "http://a/users?nick=%D1%91%D0%B6%20%26%20co%2B%3D%25%3F%23%2F~&x="
	if len(ended.Requests) != 1 || ended.Requests[0].URL != want {
		t.Errorf("%+v", ended)
	}
}

func TestARequestLeavesAsItWasBuilt(t *testing.T) {
	ended := sent(func(r *mpy6a.Repeat) error {
		_, err := r.Put("http://b/7").Header("accept", "*/*").JSON([]string{"<", "ё"}).
			Step("index").Timeout(1500 * time.Microsecond).Send()
		return err
	})
	got := ended.Requests[0]
	headers := []mpy6a.Header{{Name: "accept", Value: "*/*"}, {Name: "content-type", Value: "application/json"}}
	if got.Method != "PUT" || !slices.Equal(got.Headers, headers) || string(got.Body) != `["<","ё"]` ||
		got.Step != "index" || got.Timeout != 2*time.Millisecond {
		t.Errorf("%+v", got)
	}
}

func TestWhatCannotBeSentFailsWhenSentAndIsNamedWithoutItsQuery(t *testing.T) {
	for _, problem := range []struct {
		build func(*mpy6a.Request) *mpy6a.Request
		words string
	}{
		{func(q *mpy6a.Request) *mpy6a.Request { return q.JSON(func() {}) }, "the body does not serialise: "},
		{func(q *mpy6a.Request) *mpy6a.Request { return q.Header("a", "\xff") }, `"\xff" is not UTF-8`},
	} {
		ended := sent(func(r *mpy6a.Repeat) error {
			_, err := problem.build(r.Post("http://a/x?token=secret")).Send()
			return err
		})
		want := "POST http://a/x: not a valid request: " + problem.words
		if !strings.HasPrefix(ended.Reason, want) || ended.Outcome != mpy6atest.Permanent || len(ended.Requests) != 0 {
			t.Errorf("%+v", ended)
		}
	}
}

func TestStatusesDecideBetweenRetryAndPermanent(t *testing.T) {
	answered := func(status int) mpy6atest.Ended {
		answer := func(mpy6atest.Request) (mpy6atest.Response, error) {
			return mpy6atest.Response{Status: status, Body: " why\n"}, nil
		}
		return mpy6atest.Scene{HTTP: answer}.Run(func(r *mpy6a.Repeat) error {
			_, err := r.Put("http://b/7?x=y").SendOK()
			return err
		})
	}
	cases := map[mpy6atest.Outcome][]int{
		mpy6atest.Unfinished: {200, 204, 299},
		mpy6atest.Retry:      {408, 409, 412, 423, 425, 429, 500, 503, 599},
		mpy6atest.Permanent:  {199, 301, 400, 401, 404, 410, 422},
	}
	for outcome, statuses := range cases {
		for _, status := range statuses {
			if ended := answered(status); ended.Outcome != outcome {
				t.Errorf("%d: %+v", status, ended)
			}
		}
	}
	if reason := answered(503).Reason; reason != "PUT http://b/7 answered 503: why" {
		t.Error(reason)
	}
}

func TestErrorsOfTheOutsideAreRetriedWhereTheyMayHeal(t *testing.T) {
	cases := []struct {
		err                  error
		heals, mayHaveLanded bool
	}{
		{mpy6a.ErrDenied, false, false},
		{mpy6a.ErrInvalid, false, false},
		{mpy6a.ErrUnreachable, true, false},
		{mpy6a.ErrTimeout, true, true},
		{mpy6a.ErrBroken, true, true},
		{mpy6a.ErrResponseTooLarge, false, true},
	}
	for _, c := range cases {
		answer := func(mpy6atest.Request) (mpy6atest.Response, error) { return mpy6atest.Response{}, c.err }
		ended := mpy6atest.Scene{HTTP: answer}.Run(func(r *mpy6a.Repeat) error {
			_, err := r.Get("http://a/").Send()
			return err
		})
		var failed *mpy6a.HTTPError
		if !errors.As(ended.Err, &failed) || !errors.Is(ended.Err, c.err) {
			t.Fatalf("%v became %v", c.err, ended.Err)
		}
		if failed.MayHeal() != c.heals || failed.MayHaveHappened() != c.mayHaveLanded {
			t.Errorf("%v", failed)
		}
		if (ended.Outcome == mpy6atest.Retry) != c.heals {
			t.Errorf("%v: %s", c.err, ended.Outcome)
		}
	}
}

func TestABodyThatIsNoJSONIsRetried(t *testing.T) {
	answer := func(mpy6atest.Request) (mpy6atest.Response, error) {
		return mpy6atest.Response{Status: 200, Body: "<html>", Headers: []mpy6a.Header{{Name: "x-a", Value: "1"}}}, nil
	}
	ended := mpy6atest.Scene{HTTP: answer}.Run(func(r *mpy6a.Repeat) error {
		response, err := r.Get("http://a/").SendOK()
		if err != nil {
			return err
		}
		if response.Header("X-A") != "1" || response.Header("b") != "" {
			t.Errorf("%+v", response.Headers)
		}
		return response.JSON(new(step))
	})
	if ended.Outcome != mpy6atest.Retry || !strings.HasPrefix(ended.Reason, "GET http://a/ answered 200 with what is no ") {
		t.Errorf("%+v", ended)
	}
}

func TestNothingLeavesASceneWithoutHTTP(t *testing.T) {
	ended := mpy6atest.Scene{}.Run(func(r *mpy6a.Repeat) error {
		_, err := r.Get("http://a/").Send()
		return err
	})
	if ended.Outcome != mpy6atest.Permanent || !errors.Is(ended.Err, mpy6a.ErrDenied) {
		t.Errorf("%+v", ended)
	}
}
