/** 1,024 bytes. */
export const kibibyte = 1024

/** 1,024 times 1,024 bytes. */
export const mebibyte = kibibyte * kibibyte
