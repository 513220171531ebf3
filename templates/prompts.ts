import { isCancel, select, text } from '@clack/prompts'
import { Interrupted } from './faults.ts'
import { type TemplateName, templateNames, templates } from './project.ts'

/** Asks for the folder. `objectionTo` says why a folder cannot be used. */
export const askFolder = (objectionTo: (folder: string) => string | undefined): Promise<string> =>
  answered(
    text({
      message: 'Which folder? A new one, or . for this one',
      placeholder: 'my-addon',
      defaultValue: 'my-addon',
      validate: (folder) => objectionTo(folder?.trim() || 'my-addon'),
    }),
  ).then((folder) => folder.trim())

export const askTemplate = (): Promise<TemplateName> =>
  answered(
    select({
      message: 'Which template?',
      options: templateNames.map((value) => ({ value, label: value, hint: templates[value] })),
    }),
  )

async function answered<T>(question: Promise<T>): Promise<Exclude<T, symbol>> {
  const answer = await question
  if (isCancel(answer)) throw new Interrupted('nothing was created')
  return answer as Exclude<T, symbol> // the only symbol is the one for a cancellation
}
