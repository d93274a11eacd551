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
    // onBeforeRouteChange would miss the browser's Back. Back within a page would build the page again, without its runs.
    router.onBeforePageLoad = (to) => {
      const { component, path } = router.route;
      if (component !== null && new URL(to, location.href).pathname === path) return false;
      stopRuns();
      return true;
    };
  },
};
export default theme;
