import { type Theme, withBase } from 'vitepress';
// Without the fonts that VitePress brings along: the reader's own will do.
import DefaultTheme from 'vitepress/theme-without-fonts';
import { enableRunButtons } from './run/buttons.ts';
import './style.css';

const theme: Theme = {
  extends: DefaultTheme,
  enhanceApp: () => {
    // Pages are also rendered where there is no document.
    if (typeof document !== 'undefined') enableRunButtons(withBase('/run/wgrad.min.js'));
  },
};
export default theme;
