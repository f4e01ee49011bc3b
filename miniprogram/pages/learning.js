// Examinations and courses; each opens as a page of the web site.
const { call } = require('../lib/api');
const consents = require('../lib/consents');
const { openPage } = require('../lib/page');
const { own } = require('../lib/routes');
const { COURSE, EXAM } = require('../lib/words');

/** @param {Api.OwnExamOut} exam @returns {Shell.Cell} */
const examCell = (exam) => ({
  label: exam.name, note: [exam.span, exam.place].filter(Boolean).join(' · '), tag: EXAM[exam.phase], command: 'open', id: own(`exams/${exam.candidate_id}`),
});

/** The fee of a course is paid in the native page. @param {Api.EnrolmentViewOut} course @returns {Shell.Cell} */
const courseCell = (course) => ({
  label: course.name, note: `已学 ${Math.floor(course.progress / 10)}%`, tag: COURSE[course.phase],
  command: 'open', id: course.phase === 'unpaid' ? '/pages/fees' : own(`courses/${course.id}`),
});

openPage({ data: { asked: /** @type {string[]} */ ([]) } }, {
  async load() {
    const [exams, courses, asked] = await Promise.all([call('GET /exams'), call('GET /courses'), consents.wanted('learning')]);
    return {
      asked,
      sheet: {
        groups: [
          { title: '考试', cells: exams.items.map(examCell), note: exams.items.length ? '' : '目前没有需要您参加的考试。' },
          { title: '继续教育', cells: courses.items.map(courseCell), note: courses.items.length ? '' : '目前没有需要您学习的课程。' },
          { cells: [{ label: '全部课程', url: own('courses') }, { label: '资料下载', url: own('materials') }] },
        ],
      },
    };
  },

  /** Asks for consent to messages about it, then opens its page. @param {string} url */
  async open(url) {
    await consents.ask(this.data.asked);
    return wx.navigateTo({ url });
  },
});
