import { anything, integer, object, optional, string } from '../common/schema.ts'

/** The envelope of every refusal (`rest-errors-and-limits.md` 1). The members after `message` came with a wrong body. */
export const errorAnswer = object({
  error: object({
    code: integer({ description: 'the HTTP status' }),
    type: string({ description: 'its reason phrase' }),
    message: string({ description: 'for people; wording is no part of the API' }),
    field: optional(string({ description: 'dotted path of the member that is wrong' })),
    validation: optional(string({ description: 'the broken rule, by its JSON Schema keyword' })),
    expected_type: optional(anything()),
    value: optional(anything({ description: 'what came' })),
  }),
  error_description: optional(string({ description: "OAuth 2's error code; of the token endpoint only" })),
})
