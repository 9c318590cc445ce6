package main

import (
	"errors"
	"fmt"

	"mpy6a"
)

// What the client recorded, and what A and B say and hear. Every field must be there: encoding/json would leave a missing
// one empty, so they are pointers, and Validate looks for nil.

// record is one step of the client: "create" with the user, or "created" with the id.
type record struct {
	Step string      `json:"step"`
	User *attributes `json:"user"`
	ID   *int64      `json:"id"`
}

func (r *record) Validate() error {
	switch r.Step {
	case "create":
		if r.User == nil {
			return errors.New("it has no user")
		}
		return r.User.Validate()
	case "created":
		if r.ID == nil {
			return errors.New("it has no id")
		}
		return nil
	default:
		return fmt.Errorf("there is no step %q", r.Step)
	}
}

// attributes are a user as the client wants it.
type attributes struct {
	Nick *string `json:"nick"`
	Name *string `json:"name"`
	Mail *string `json:"mail"`
}

func (a *attributes) Validate() error {
	if a.Nick == nil || a.Name == nil || a.Mail == nil {
		return errors.New("a user has nick, name and mail")
	}
	return nil
}

// user is a user as A keeps it and B indexes it.
type user struct {
	ID *int64 `json:"id"`
	attributes
}

func (u *user) Validate() error {
	if u.ID == nil {
		return errors.New("it has no id")
	}
	return u.attributes.Validate()
}

// refusal is A's words for "no".
type refusal struct {
	Error *string `json:"error"`
}

func (r *refusal) Validate() error {
	if r.Error == nil {
		return errors.New("it has no error")
	}
	return nil
}

// progress is how far the client came.
type progress struct {
	wanted *attributes
	id     *int64
}

func replay(r *mpy6a.Repeat) (progress, error) {
	records, err := mpy6a.RecordsAs[record](r)
	if err != nil {
		return progress{}, err
	}
	var progress progress
	for _, record := range records {
		switch record.Step {
		case "create":
			progress.wanted = record.User
		case "created":
			progress.id = record.ID
		}
	}
	return progress, nil
}

// askedFor says whether this is the user of this session: A gave it this id, or it is what the session asked for.
func (p progress) askedFor(user *user) bool {
	if p.id != nil {
		return *p.id == *user.ID
	}
	wanted := p.wanted
	return wanted != nil && *wanted.Nick == *user.Nick && *wanted.Name == *user.Name && *wanted.Mail == *user.Mail
}
