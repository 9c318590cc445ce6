package mpy6a_test

import (
	"errors"
	"math"
	"slices"
	"testing"
	"time"

	"mpy6a"
	"mpy6a/mpy6atest"
)

func TestAFinishedSessionTakesNothingMore(t *testing.T) {
	answer := func(mpy6atest.Request) (mpy6atest.Response, error) { return mpy6atest.Response{Status: 200}, nil }
	ended := mpy6atest.Scene{HTTP: answer}.Run(func(r *mpy6a.Repeat) error {
		if err := r.AppendJSON(map[string]string{"a": "<&>"}); err != nil {
			return err
		}
		if err := r.Store(1500 * time.Millisecond); err != nil {
			return err
		}
		if _, err := r.Get("http://a/").Send(); !errors.Is(err, mpy6a.ErrInvalid) {
			t.Errorf("a request left: %v", err)
		}
		return r.Delete()
	})
	if !slices.Equal(ended.Operations, []string{`append {"a":"<&>"}`, "store 2"}) {
		t.Errorf("%q", ended.Operations)
	}
	var refused *mpy6a.SessionError
	if !errors.Is(ended.Err, mpy6a.ErrFinished) || !errors.As(ended.Err, &refused) {
		t.Errorf("%v", ended.Err)
	}
	if ended.Outcome != mpy6atest.Permanent || len(ended.Requests) != 0 {
		t.Errorf("%+v", ended)
	}
}

func TestTimeoutsAreNeverShorterThanAsked(t *testing.T) {
	cases := map[time.Duration]string{
		-time.Second:                 "store 0",
		0:                            "store 0",
		1:                            "store 1",
		time.Minute:                  "store 60",
		time.Duration(math.MaxInt64): "store 4294967295",
	}
	for timeout, operation := range cases {
		ended := mpy6atest.Scene{}.Run(func(r *mpy6a.Repeat) error { return r.Store(timeout) })
		if !slices.Equal(ended.Operations, []string{operation}) || ended.Outcome != mpy6atest.Stored {
			t.Errorf("%v: %+v", timeout, ended)
		}
	}
	ended := mpy6atest.Scene{}.Run(func(r *mpy6a.Repeat) error { return r.StoreDefault() })
	if !slices.Equal(ended.Operations, []string{"store"}) {
		t.Errorf("%+v", ended)
	}
}

func TestTheLastRepeatIsKnown(t *testing.T) {
	last := func(repeat uint32) (is bool) {
		mpy6atest.Scene{Repeat: repeat, MaxRepeats: 3}.Run(func(r *mpy6a.Repeat) error {
			is = r.IsLastRepeat()
			return nil
		})
		return is
	}
	if last(2) || !last(3) {
		t.Error("the third of three repeats is the last")
	}
}

func TestAMissingSettingIsPermanentAndNamesTheRemedy(t *testing.T) {
	ended := mpy6atest.Scene{Settings: map[string]string{"a": "1"}}.Run(func(r *mpy6a.Repeat) error {
		if value, err := r.Setting("a"); value != "1" || err != nil {
			t.Errorf("%q, %v", value, err)
		}
		if all, err := r.Settings(); len(all) != 1 || all["a"] != "1" || err != nil {
			t.Errorf("%q, %v", all, err)
		}
		_, err := r.Setting("b")
		return err
	})
	want := "the setting `b` is missing: add it to [kind.plugin.settings] of this kind"
	if ended.Outcome != mpy6atest.Permanent || ended.Reason != want {
		t.Errorf("%+v", ended)
	}
}
