import { type Theme, withBase } from 'vitepress';
// Without the fonts that VitePress brings along: the reader's own will do.
import DefaultTheme from 'vitepress/theme-without-fonts';
import { enableRunButtons, stopRuns } from './run/buttons.ts';
import './style.css';

const theme: Theme = {
  extends: DefaultTheme,
  enhanceApp: ({ router }) => {
    // Pages are also rendered where there is no document.
    if (typeof document === 'undefined') return;
    enableRunButtons(withBase('/run/wgrad.min.js'));
    // onBeforeRouteChange would miss the browser's Back. A link within the page does not leave it.
    router.onBeforePageLoad = (to) => {
      if (new URL(to, location.href).pathname !== router.route.path) stopRuns();
    };
  },
};
export default theme;
