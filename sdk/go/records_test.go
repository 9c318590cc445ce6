package mpy6a_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"mpy6a"
	"mpy6a/mpy6atest"
)

// step is a record that knows when it is not valid.
type step struct {
	Nick string `json:"nick"`
}

func (s *step) Validate() error {
	if s.Nick == "" {
		return errors.New("it has no nick")
	}
	return nil
}

func TestRecordsThatCannotBeReadArePermanentAndNamed(t *testing.T) {
	cases := []struct {
		records []string
		reason  string
	}{
		{nil, "record 0: there is none, the session has 0"},
		{[]string{`{`}, "record 0: its 1 bytes are no mpy6a_test.step in JSON: "},
		{[]string{`{"nick":7}`}, "record 0: its 10 bytes are no mpy6a_test.step in JSON: "},
		{[]string{`{}`}, "record 0: its 2 bytes are no mpy6a_test.step in JSON: not valid: it has no nick"},
		{[]string{`null`}, "record 0: its 4 bytes are no mpy6a_test.step in JSON: not valid: it has no nick"},
		{[]string{"{\"nick\":\"\xff\"}"}, "record 0: its 12 bytes are no mpy6a_test.step in JSON: it is not UTF-8"},
	}
	for _, c := range cases {
		ended := mpy6atest.Scene{Records: c.records}.Run(func(r *mpy6a.Repeat) error { return r.Record(0, new(step)) })
		if ended.Outcome != mpy6atest.Permanent || !strings.HasPrefix(ended.Reason, c.reason) {
			t.Errorf("%q: %s: %s", c.records, ended.Outcome, ended.Reason)
		}
	}
}

func TestAllRecordsAreReadInOrderAndTheFirstBadOneIsTheError(t *testing.T) {
	nicks := func(records ...string) (got []string, ended mpy6atest.Ended) {
		ended = mpy6atest.Scene{Records: records}.Run(func(r *mpy6a.Repeat) error {
			steps, err := mpy6a.RecordsAs[step](r)
			for _, step := range steps {
				got = append(got, step.Nick)
			}
			return err
		})
		return got, ended
	}
	if got, _ := nicks(`{"nick":"ёж"}`, `{"nick":"b","more":1}`); !slices.Equal(got, []string{"ёж", "b"}) {
		t.Errorf("read %q", got)
	}
	if _, ended := nicks(`{"nick":"a"}`, `[]`); !strings.HasPrefix(ended.Reason, "record 1: ") {
		t.Errorf("the reason is %q", ended.Reason)
	}
}

func TestRawRecordsAreAsTheyWere(t *testing.T) {
	ended := mpy6atest.Scene{Records: []string{"\x00\xff", ""}}.Run(func(r *mpy6a.Repeat) error {
		for _, record := range r.Records {
			if err := r.Append(record); err != nil {
				return err
			}
		}
		return nil
	})
	if !slices.Equal(ended.Operations, []string{"append \x00\xff", "append "}) {
		t.Errorf("%q", ended.Operations)
	}
}
