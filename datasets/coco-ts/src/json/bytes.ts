/** The bytes that JSON is made of. */
export const TAB = 0x09
export const LINE = 0x0a
export const RETURN = 0x0d
export const SPACE = 0x20
export const QUOTE = 0x22
export const PLUS = 0x2b
export const COMMA = 0x2c
export const MINUS = 0x2d
export const POINT = 0x2e
export const ZERO = 0x30
export const NINE = 0x39
export const COLON = 0x3a
export const OPEN = 0x5b
export const BACKSLASH = 0x5c
export const CLOSE = 0x5d
export const OPEN_BRACE = 0x7b
export const CLOSE_BRACE = 0x7d
