import { badRequest } from './errors.ts'

/** 400 for a name that nobody can read or type: only blanks, control characters, half a surrogate pair. */
export function checkName(name: string, field: string): void {
  if (name.trim() === '' || /[\p{Cc}\p{Cs}]/u.test(name))
    throw badRequest(`${field} must be a text that can be read, without control characters`, field)
}
