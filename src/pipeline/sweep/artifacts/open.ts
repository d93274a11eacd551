import { type ArtifactStore, FolderStore } from './store.ts';

/** The artifact store at an address: a folder. */
export function openStore(address: string): ArtifactStore {
  return new FolderStore(address);
}
