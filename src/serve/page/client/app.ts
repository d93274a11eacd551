/** The page: its views, one of which is shown, and what they share. */
import { byId } from './elements.ts';
import { startMeasure } from './measure/view.ts';
import { Models } from './models.ts';
import { startRecognise } from './recognise/view.ts';
import { ServiceKey } from './serviceKey.ts';
import { startTrain } from './train/view.ts';

const VIEWS = ['recognise', 'train', 'measure'] as const;

function show(name: string, focus: boolean): void {
  const wanted = VIEWS.find((view) => view === name) ?? 'recognise';
  for (const view of VIEWS) {
    const main = byId(view, HTMLElement);
    const link = byId(`to-${view}`, HTMLAnchorElement);
    main.hidden = view !== wanted;
    if (view === wanted) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
    if (view === wanted && focus) main.querySelector('h1')?.focus();
  }
}

window.addEventListener('hashchange', () => show(location.hash.slice(1), true));
show(location.hash.slice(1), false);

const key = new ServiceKey();
const models = new Models();
startRecognise(models, key);
startTrain(models, key);
startMeasure();
