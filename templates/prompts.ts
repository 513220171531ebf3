import { isCancel, select, text } from '@clack/prompts'
import { Interrupted } from './faults.ts'
import { type TemplateName, templateNames, templates } from './project.ts'

/** Asks for the folder. `wrongWith` says why a folder cannot be taken. */
export const askFolder = (wrongWith: (folder: string) => string | undefined): Promise<string> =>
  answered(
    text({
      message: 'Where shall it be? A new folder, or . for this one',
      placeholder: 'my-addon',
      defaultValue: 'my-addon',
      validate: (folder) => wrongWith(folder?.trim() || 'my-addon'),
    }),
  ).then((folder) => folder.trim())

export const askTemplate = (): Promise<TemplateName> =>
  answered(
    select({
      message: 'What shall it begin with?',
      options: templateNames.map((value) => ({ value, label: value, hint: templates[value] })),
    }),
  )

async function answered<T>(question: Promise<T>): Promise<Exclude<T, symbol>> {
  const answer = await question
  if (isCancel(answer)) throw new Interrupted('nothing was made')
  return answer as Exclude<T, symbol> // the one symbol there is stands for a cancellation
}
