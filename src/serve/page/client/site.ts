/**
 * Where the page comes from. A service serves it, with its model and its data. The documentation contains it as files, with models
 * and perhaps with data: there `<html>` has attributes, which src/serve/page/staticSite.ts writes.
 */
const { siteModels, siteData } = document.documentElement.dataset;

/** A model that the site holds as a file. */
export interface SiteModel {
  /** The address of the file, from the page. */
  readonly path: string;
  readonly title: string;
}

/** The models of a static site; undefined where there is a service. */
export const staticModels: readonly SiteModel[] | undefined =
  siteModels === undefined ? undefined : (JSON.parse(siteModels) as SiteModel[]);

/** Whether training images can be fetched. */
export const hasImages: boolean = staticModels === undefined || siteData !== undefined;

/** What texts call it. */
export const here: string = staticModels ? 'this site' : 'this service';
