import { campaign } from './c-reader-campaign';

await campaign(process.argv.slice(2));
