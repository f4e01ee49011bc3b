// Every page by its name: an asynchronous function of the page that gives what to show.
import { absences, absencesOfDraw } from './absences.js';
import { agents } from './agents.js';
import { agency, draws } from './agency.js';
import { applicant, fee, register, staff } from './applicant.js';
import { checkIn, expert, invitation, periods, profile } from './expert.js';
import { desk, door } from './desk.js';
import { draw } from './draw.js';
import { joining } from './joining.js';
import { account, bind, entry, farewell, roles } from './login.js';
import { project, projects } from './project.js';
import { result } from './result.js';
import { supervised, supervisor } from './supervisor.js';
import { application, verifier } from './verifier.js';

export const PAGES = {
  absences, absencesOfDraw, account, agency, agents, applicant, application, bind, checkIn, desk, door, draw, draws, entry, expert, farewell, fee,
  invitation, joining, periods, profile, project, projects, register, result, roles, staff, supervised, supervisor, verifier,
};
