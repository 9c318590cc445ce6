package mpy6a_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"mpy6a"
)

func TestTheOutermostWordOnAnErrorDecides(t *testing.T) {
	stale := &mpy6a.StatusError{Status: 412}
	gone := &mpy6a.StatusError{Status: 410}
	cases := []struct {
		err       error
		permanent bool
	}{
		{io.EOF, false},
		{mpy6a.Permanent(io.EOF), true},
		{mpy6a.Retry(mpy6a.Permanent(io.EOF)), false},
		{mpy6a.Permanent(stale), true},
		{fmt.Errorf("cancelling: %w", mpy6a.Permanent(io.EOF)), true},
		{fmt.Errorf("cancelling: %w", gone), true},
		{mpy6a.Retryf("later: %w", gone), false},
		{errors.Join(io.EOF, gone), true},
		{stale, false},
		{&mpy6a.SessionError{Err: mpy6a.ErrRecordTooLarge}, true},
	}
	for _, c := range cases {
		if mpy6a.IsPermanent(c.err) != c.permanent {
			t.Errorf("%#v: permanent should be %v", c.err, c.permanent)
		}
	}
}

func TestAWordOnAnErrorKeepsItsTextAndItsNature(t *testing.T) {
	err := mpy6a.Permanentf("reading the tariff: %w", io.EOF)
	if err.Error() != "reading the tariff: EOF" || !errors.Is(err, io.EOF) {
		t.Errorf("%v", err)
	}
	if mpy6a.Retry(nil) != nil || mpy6a.Permanent(nil) != nil {
		t.Error("no error became one")
	}
}
