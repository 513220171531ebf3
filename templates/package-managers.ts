/** The commands of a package manager. */
export interface PackageManager {
  /** Runs a script of `package.json`; its name follows. */
  readonly run: string
  /** Creates a project; the name of the folder follows. */
  readonly create: string
  /** Separates the folder from the scaffolder's options. */
  readonly separator: string
}

export const packageManagers = {
  npm: { run: 'npm run', create: 'npm create hipchat-addon@latest', separator: '-- ' },
  pnpm: { run: 'pnpm', create: 'pnpm create hipchat-addon@latest', separator: '' },
  yarn: { run: 'yarn', create: 'yarn create hipchat-addon', separator: '' },
  bun: { run: 'bun run', create: 'bun create hipchat-addon@latest', separator: '' },
} as const satisfies Readonly<Record<string, PackageManager>>

export type PackageManagerName = keyof typeof packageManagers

export const packageManagerNames = Object.keys(packageManagers) as PackageManagerName[]

/** The package manager that started this process, by its user agent: `pnpm/9.1.0 npm/? node/v20.19.0 linux x64`. */
export function packageManagerFrom(userAgent: string | undefined): PackageManagerName {
  const name = userAgent?.split('/')[0] ?? ''
  return packageManagerNames.find((known) => known === name) ?? 'npm'
}
