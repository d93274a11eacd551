import type { Theme } from 'vitepress';
// Without the fonts that VitePress brings along: the reader's own will do.
import DefaultTheme from 'vitepress/theme-without-fonts';
import './style.css';

const theme: Theme = DefaultTheme;
export default theme;
