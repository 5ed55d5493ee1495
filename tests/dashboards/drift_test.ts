// The committed dashboards are those that their source generates.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

// npm runs the tests in their folder.
const source = join(process.cwd(), '../../dashboards');

function texts(folder: string): Map<string, string> {
  return new Map(readdirSync(folder).sort().map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
}

test('what the source generates is what is committed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'scidex-dashboards-'));
  try {
    execFileSync('npm', ['run', '--silent', 'generate', '--', folder], { cwd: source, stdio: ['ignore', 2, 2] });
    assert.deepEqual(texts(folder), texts(join(source, 'json')), 'run ./dev dashboards and commit what it writes');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
