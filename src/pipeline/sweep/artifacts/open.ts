import { S3Store } from './s3.ts';
import { type ArtifactStore, FolderStore } from './store.ts';

/** The artifact store at an address: a folder, or `s3://bucket/prefix`. @throws StoreError where that cannot be used */
export function openStore(address: string): ArtifactStore {
  return address.startsWith('s3:') ? new S3Store(address) : new FolderStore(address);
}
