import { badRequest } from './errors.ts'

/** 400 for a name that cannot be read or typed: only whitespace, control characters, or half a surrogate pair. */
export function checkName(name: string, field: string): void {
  if (name.trim() === '' || /[\p{Cc}\p{Cs}]/u.test(name))
    throw badRequest(`${field} must be a readable string without control characters`, field)
}
