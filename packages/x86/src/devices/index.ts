export { ConsolePort, ExitPort, PostPort } from './debug-ports.js';
export {
  StatefulDevice,
  type Bus,
  type Device,
  type DeviceEnd,
  type DeviceRange,
  type InterruptController,
} from './device.js';
export { LocalApic } from './local-apic.js';
export { PicPair } from './pic.js';
export { PIT_HZ, Pit } from './pit.js';
export { Rtc, type RtcOptions } from './rtc.js';
export { SystemControl } from './system-control.js';
export { Uart, type UartOptions } from './uart.js';
