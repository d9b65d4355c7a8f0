/** `password`: a new password for somebody who signs in to the dashboard. */
import { NotFound } from '../core/errors.ts';
import { answer, say } from './output.ts';
import { type GlobalOptions, withInstallation } from './with-installation.ts';

export async function password(email: string, options: GlobalOptions): Promise<void> {
  await withInstallation(options, async ({ signIn }) => {
    const reset = await signIn.resetPassword(email);
    if (!reset) throw new NotFound(`Nobody has the e-mail ${email}.`);
    answer(options.json, reset, () =>
      say(`New password of ${reset.email}: ${reset.password}   (shown only now)`),
    );
  });
}
