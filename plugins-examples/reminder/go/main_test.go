package main

import (
	"slices"
	"strings"
	"testing"

	"mpy6a/mpy6atest"
)

func run(settings map[string]string, records ...string) mpy6atest.Ended {
	return mpy6atest.Scene{Records: records, Settings: settings}.Run(handle)
}

const text = `{"text":"ёж & co <tea>"}`

func TestThreeRemindersAreGivenAndTheSessionForgotten(t *testing.T) {
	records := []string{text}
	for n, want := range []struct {
		operations []string
		line       string
	}{
		{[]string{`append {"reminded":1}`, "store 60"}, "reminder 1 of 3: ёж & co <tea>"},
		{[]string{`append {"reminded":2}`, "store 60"}, "reminder 2 of 3: ёж & co <tea>"},
		{[]string{`append {"reminded":3}`, "delete"}, "reminder 3 of 3: ёж & co <tea>"},
	} {
		ended := run(nil, records...)
		if !slices.Equal(ended.Operations, want.operations) || !ended.Logged(want.line) || ended.Err != nil {
			t.Errorf("run %d: %+v", n+1, ended)
		}
		records = append(records, strings.TrimPrefix(ended.Operations[0], "append "))
	}
}

func TestTheSettingSaysHowOften(t *testing.T) {
	ended := run(map[string]string{"every_s": "5"}, text)
	if !slices.Equal(ended.Operations, []string{`append {"reminded":1}`, "store 5"}) {
		t.Errorf("%+v", ended)
	}
	for _, every := range []string{"soon", "", "-1", "1.5"} {
		if ended := run(map[string]string{"every_s": every}, text); ended.Outcome != mpy6atest.Permanent {
			t.Errorf("%q: %+v", every, ended)
		}
	}
}

func TestARecordThatNobodyCanReadIsPermanent(t *testing.T) {
	for reason, records := range map[string][][]string{
		"record 0": {{}, {`{`}, {`{}`}, {`null`}, {`{"text":7}`}, {"{\"text\":\"\xff\"}"}},
		"record 2": {{text, `{"reminded":1}`, `{}`}, {text, `{"reminded":1}`, `{"reminded":"2"}`}},
	} {
		for _, records := range records {
			ended := run(nil, records...)
			if ended.Outcome != mpy6atest.Permanent || !strings.HasPrefix(ended.Reason, reason) || len(ended.Operations) != 0 {
				t.Errorf("%q: %+v", records, ended)
			}
		}
	}
}
