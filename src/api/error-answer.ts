import { anything, integer, object, optional, string } from '../common/schema.ts'

/** The body of every error answer (`rest-errors-and-limits.md` 1). The members after `message` describe a wrong body. */
export const errorAnswer = object({
  error: object({
    code: integer({ description: 'the HTTP status' }),
    type: string({ description: 'its reason phrase' }),
    message: string({ description: 'for people; its wording is not part of the API' }),
    field: optional(string({ description: 'dotted path of the member that is wrong' })),
    validation: optional(string({ description: 'the broken rule, by its JSON Schema keyword' })),
    expected_type: optional(anything()),
    value: optional(anything({ description: 'the value received' })),
  }),
  error_description: optional(string({ description: "OAuth 2's error code; from the token endpoint only" })),
})
