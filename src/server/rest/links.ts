import { badRequest } from '../errors.ts'

/** The message for a shared link: its text, if any, and the link. 400 for a link that is not a web address. */
export function linkedText({ link, message }: { readonly link: string; readonly message?: string }): string {
  if (!URL.canParse(link) || !/^https?:$/.test(new URL(link).protocol))
    throw badRequest('link must be an absolute http or https address', 'link')
  return message === undefined ? link : `${message} ${link}`
}
