/** How a package manager says things. */
export interface PackageManager {
  /** Before the name of a script of `package.json`. */
  readonly run: string
  /** How it makes a project, up to the name of the folder. */
  readonly create: string
  /** What it puts between the folder and flags that are for us. */
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

/** Who started us, by what package managers tell about themselves: `pnpm/9.1.0 npm/? node/v20.19.0 linux x64`. */
export function packageManagerFrom(userAgent: string | undefined): PackageManagerName {
  const name = userAgent?.split('/')[0] ?? ''
  return packageManagerNames.find((known) => known === name) ?? 'npm'
}
