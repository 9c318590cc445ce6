package mpy6a

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Validator is what the type of a record or of a response may be, to say what encoding/json does not: that a field is
// missing, or out of its range. It is asked after the JSON was read.
type Validator interface{ Validate() error }

// Record reads the record at index, from 0, as JSON into what value points to. If that is a [Validator], it is asked, too.
//
// A record that is not there, is no such JSON or is not valid gives an error that is permanent and begins with the words
// `record I:`, for no repeat will change it. The record itself is not quoted: it may hold what must not be kept in a log.
func (r *Repeat) Record(index int, value any) error {
	if index < 0 || index >= len(r.Records) {
		return Permanentf("record %d: there is none, the session has %d", index, len(r.Records))
	}
	if err := decode(r.Records[index], value); err != nil {
		return Permanentf("record %d: its %d bytes are no %s in JSON: %w", index, len(r.Records[index]), pointee(value), err)
	}
	return nil
}

// RecordsAs reads all records as JSON, as values of one type, oldest first. The first that cannot be read is the error,
// as [Repeat.Record] has it.
func RecordsAs[T any](r *Repeat) ([]T, error) {
	all := make([]T, len(r.Records))
	for index := range all {
		if err := r.Record(index, &all[index]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

var errNotUTF8 = errors.New("it is not UTF-8")

// decode reads JSON, which is UTF-8 (RFC 8259, section 8.1): encoding/json would replace what is not, and the handler
// would go on with a text that nobody wrote.
func decode(text []byte, value any) error {
	if !utf8.Valid(text) {
		return errNotUTF8
	}
	if err := json.Unmarshal(text, value); err != nil {
		return err
	}
	if validator, ok := value.(Validator); ok {
		if err := validator.Validate(); err != nil {
			return fmt.Errorf("not valid: %w", err)
		}
	}
	return nil
}

// encode writes JSON as other languages do: json.Marshal would escape `<`, `>` and `&` for the sake of HTML.
func encode(value any) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(text.Bytes(), []byte("\n")), nil
}

// pointee is the name of the type that a pointer points to, for error messages.
func pointee(value any) string { return strings.TrimPrefix(fmt.Sprintf("%T", value), "*") }
