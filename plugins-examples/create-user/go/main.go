// The repeat handler of the worked example: finish the creation of a user, or forget it.
//
// Service A keeps users, service B indexes them for search. A client that creates a user records first what it wants
// (`{"step":"create","user":{"nick","name","mail"}}`), asks A, records the id that A gave (`{"step":"created","id"}`), asks
// B, and deletes the session. It may fail after any of these. This handler then does, step by step:
//
//  1. Take what the session recorded.
//  2. If it has no id, look the user up in A by nick; else fetch it by id.
//  3. No such user: delete the session and leave. A never created it, and there is nothing to undo.
//  4. Index the user that was found in B, by its attributes.
//  5. Delete the session and leave.
//
// On any error it leaves at once, to be repeated. Only a record that it cannot read is permanent.
//
// Why it is right:
//
//   - Repeating is harmless: a look-up changes nothing, and indexing the same user again changes nothing.
//   - A late creation cannot slip in after step 3: both look-ups name a step, so they carry the fence, and A refuses a call
//     of an earlier holder of the session from then on. See src/service/fences.rs.
//   - Only A may say that there is no such user: a 404 that is not in A's words (a wrong path, a proxy) is an error.
//   - A nick is not a proof. Lists have duplicates: when A refused to create this user because another has the nick, and the
//     client died before it could delete the session, the look-up finds the other user. It is indexed all the same (it
//     should be, its attributes may have been changed since this session asked for it, and it does no harm), but unless it
//     is what this session asked for, it does not count as this one rolled forward.
package main

import (
	"fmt"
	"time"

	"mpy6a"
)

// callTimeout is how long to wait for A, and again for B. Both together stay under the run's own limit (10 s by default),
// so that a service that hangs ends the run with a reason that names it.
const callTimeout = 3 * time.Second

func init() { mpy6a.Handle(handle) }

func main() {}

func handle(r *mpy6a.Repeat) error {
	progress, err := replay(r)
	if err != nil {
		return err
	}
	return mpy6a.Retry(finish(r, progress))
}

func finish(r *mpy6a.Repeat, progress progress) error {
	user, err := lookUp(r, progress)
	if err != nil {
		return err
	}
	if user == nil {
		if err := r.Delete(); err != nil {
			return err
		}
		r.Infof("rolled back: no such user")
		return nil
	}
	if err := index(r, user); err != nil {
		return err
	}
	if err := r.Delete(); err != nil {
		return err
	}
	if progress.askedFor(user) {
		r.Infof("rolled forward user %d", *user.ID)
	} else {
		r.Infof("rolled back: no such user; user %d has the nick", *user.ID)
	}
	return nil
}

// lookUp asks A for the user, by id if it is known. It is nil if there is none.
func lookUp(r *mpy6a.Repeat, progress progress) (*user, error) {
	users, err := r.Setting("service_a")
	if err != nil {
		return nil, err
	}
	users += "/users"
	var request *mpy6a.Request
	switch {
	case progress.id != nil:
		request = r.Get(fmt.Sprintf("%s/%d", users, *progress.id))
	case progress.wanted != nil:
		request = r.Get(users).Query("nick", *progress.wanted.Nick)
	default:
		// The client died before its first record, so it never asked A for anything.
		return nil, nil
	}
	response, err := request.Step("find").Timeout(callTimeout).Send()
	if err != nil {
		return nil, err
	}
	if response.Status == 404 {
		return nil, response.JSON(new(refusal))
	}
	if err := response.ExpectSuccess(); err != nil {
		return nil, err
	}
	found := new(user)
	return found, response.JSON(found)
}

// index has B index the user.
func index(r *mpy6a.Repeat, user *user) error {
	serviceB, err := r.Setting("service_b")
	if err != nil {
		return err
	}
	url := fmt.Sprintf("%s/index/%d", serviceB, *user.ID)
	_, err = r.Put(url).JSON(user).Step("index").Timeout(callTimeout).SendOK()
	return err
}
