;; A component that exports a true `handle` and imports the file system, which is never granted. Its core does nothing
;; but return ok: what counts is the import.
(component
  (import "wasi:filesystem/types@0.2.0" (instance
    (export "descriptor" (type (sub resource)))))

  ;; The parts of the contract's `types` that `handle` names.
  (import "mpy6a:handler/types@1.0.0" (instance $types
    (export "session" (type $session (sub resource)))
    (type $data (record
      (field "records" (list (list u8)))
      (field "session" (own $session))
      (field "kind" u32)
      (field "kind-name" string)
      (field "repeat" u32)
      (field "max-repeats" u32)
      (field "created-ms" u64)
      (field "stored-ms" u64)
      (field "due-ms" u64)
      (field "deadline-ms" u64)
      (field "idempotency-key" string)
      (field "traceparent" (option string))))
    (export "repeat-data" (type (eq $data)))
    (type $failed (variant (case "retry" string) (case "permanent" string)))
    (export "failure" (type (eq $failed)))))
  (alias export $types "repeat-data" (type $data))
  (alias export $types "failure" (type $failed))
  (import "repeat-data" (type $repeat-data (eq $data)))
  (import "failure" (type $failure (eq $failed)))

  (core module $code
    (memory (export "memory") 64)
    (global $free (mut i32) (i32.const 4096))
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
      (local $at i32)
      (local.set $at (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
      (global.set $free (i32.add (local.get $at) (local.get 3)))
      (local.get $at))
    (func (export "handle") (param i32) (result i32)
      (i32.const 2048)))
  (core instance $code (instantiate $code))
  (func (export "handle") (param "data" $repeat-data) (result (result (error $failure)))
    (canon lift (core func $code "handle")
      (memory (core memory $code "memory"))
      (realloc (core func $code "cabi_realloc")))))
