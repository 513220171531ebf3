import { badRequest } from '../errors.ts'

/** What is said when a link is shared: the text that came along, if any, and the link. 400 for one that leads nowhere. */
export function linkedText({ link, message }: { readonly link: string; readonly message?: string }): string {
  if (!URL.canParse(link) || !/^https?:$/.test(new URL(link).protocol))
    throw badRequest('link must be an absolute http or https address', 'link')
  return message === undefined ? link : `${message} ${link}`
}
