import { Glance } from '../model/glance';
import { FakeMemory, FakeWorkspace } from './ambientFakes';

describe('the runs at a glance', () => {
  let workspace: FakeWorkspace;
  let memory: FakeMemory;
  let glance: Glance;

  beforeEach(() => {
    workspace = new FakeWorkspace();
    memory = new FakeMemory();
    glance = new Glance(workspace.status, 'failed', memory);
  });

  it('are nothing when nothing ever ran', async () => {
    await workspace.status.refresh();
    expect(glance.isUsed).toBe(false);
  });

  it('are counted by what they do', async () => {
    workspace.put('a', 'running');
    workspace.put('b', 'preparing');
    workspace.put('c', 'queued');
    workspace.put('d', 'completed');
    await workspace.status.refresh();
    expect(glance.isUsed).toBe(true);
    expect([glance.running, glance.queued, glance.failed]).toEqual([2, 1, 0]);
  });

  it('have failed until the user looks', async () => {
    workspace.put('a', 'failed');
    await workspace.status.refresh();
    expect(glance.failed).toBe(1);
    glance.look(true);
    expect(glance.failed).toBe(0);
    workspace.put('b', 'failed');
    await workspace.status.refresh();
    expect(glance.failed).toBe(0);
    glance.look(false);
    workspace.put('c', 'failed');
    await workspace.status.refresh();
    expect(glance.failed).toBe(1);
  });

  it('count a new failure after one that was seen was deleted', async () => {
    workspace.put('a', 'failed');
    await workspace.status.refresh();
    glance.look(true);
    glance.look(false);
    workspace.delete('a');
    await workspace.status.refresh();
    workspace.put('b', 'failed');
    await workspace.status.refresh();
    expect(glance.failed).toBe(1);
  });
});
