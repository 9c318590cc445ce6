;; Well-behaved, and written by hand: deletes the session and returns ok. It lacks the component type, so the host has
;; to embed the contract before it makes a component of it. Read this one first: the others differ in one thing each.
(module
  (import "mpy6a:handler/types@1.0.0" "[method]session.delete" (func $delete (param i32 i32)))

  (memory (export "memory") 64)
  (global $free (mut i32) (i32.const 4096))

  ;; Gives memory and takes none back. Arguments: old pointer, old size, alignment (a power of two), new size.
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at
      (i32.and
        (i32.add (global.get $free) (i32.sub (local.get 2) (i32.const 1)))
        (i32.sub (i32.const 0) (local.get 2))))
    (global.set $free (i32.add (local.get $at) (local.get 3)))
    (local.get $at))

  ;; The argument points to `repeat-data`, whose session handle is at offset 8, after the list of records. The result
  ;; points to a `result<_, failure>`, whose first byte is 0 for ok. Address 1024 takes the result of `delete`.
  (func (export "handle") (param $data i32) (result i32)
    (call $delete (i32.load offset=8 (local.get $data)) (i32.const 1024))
    (i32.const 2048)))
