;; A sound component, but not a handler: it exports another function.
(component
  (core module $code
    (func (export "answer") (result i32)
      (i32.const 42)))
  (core instance $code (instantiate $code))
  (func (export "answer") (result u32)
    (canon lift (core func $code "answer"))))
