/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ui/layout.c: the table of keyboard layouts, as their national standards and X's default variants
 * have them; tests/unit/layout.c compares each key with xkb's.
 *
 * Missing: layouts without Latin letters, and those that need keys which others do not have (ja).
 */
#include "ui/layout.h"

#include "base/util.h"

#include <string.h>

/* Keys in the order of the strings below, row by row; 0: between rows. */
static const uint8_t places[] = {41, 2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13,
				 0,  16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27,
				 0,  30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 43,
				 0,  86, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53};

enum { SPACE = 57, DOTTED_CIRCLE = 0x25cc };

/* clang-format off */
static const struct {
	const char *name;
	const char *levels[LAYOUT_LEVELS]; /* plain, Shift, AltGr, both; a blank: nothing */
} layouts[] = {
	/* An accent on a dotted circle is a dead key. */
	{"cz",
	 {";+ěščřžýáíé=◌́ qwertzuiopú) asdfghjklů§◌̈ \\yxcvbnm,.-",
	  "◌̊1234567890%◌̌ QWERTZUIOP/( ASDFGHJKL\"!' |YXCVBNM?:_",
	  "`!@#$%^&*{}\\◌̄ \\|€¶ŧ←↓→øþ[] ~đĐ[]`'łŁ$'\\ /°#&@{}^<>*",
	  "~◌̃◌̌◌̂◌̆◌̊◌̨◌̀◌̇◌́◌̋◌̈◌̧ Ω§E®Ŧ¥↑ıØÞ÷× ÆẞÐªŊĦ◌̛&Ł◌̋ß| ¦<>©‚‘’º×÷◌̇"}},
	{"da",
	 {"½1234567890+◌́ qwertyuiopå◌̈ asdfghjklæø' <zxcvbnm,.-",
	  "§!\"#¤%&/()=?◌̀ QWERTYUIOPÅ◌̂ ASDFGHJKLÆØ* >ZXCVBNM;:_",
	  "¾¡@£$½¥{[]}±| @ſ€®þ←↓→œþ◌̈◌̃ ªßðđŋħ◌̉ĸł◌́◌̂◌̋ \\«»©„“”µ◌̧·◌̣",
	  "¶¹²³¼¢⅝÷«»°¿¦ Ω§¢®Þ¥↑ıŒÞ◌̊◌̌ ºẞÐªŊĦ◌̛&Ł◌̋◌̌× ¬<>©‚‘’º◌̨◌̇◌̇"}},
	{"de",
	 {"◌̂1234567890ß◌́ qwertzuiopü+ asdfghjklöä# <yxcvbnm,.-",
	  "°!\"§$%&/()=?◌̀ QWERTZUIOPÜ* ASDFGHJKLÖÄ' >YXCVBNM;:_",
	  "′¹²³¼½¬{[]}\\◌̧ @ſ€¶ŧ←↓→øþ◌̈~ æſðđŋħ◌̣ĸł◌̋◌̂’ |»«¢„“”µ·…–",
	  "″¡⅛£¤⅜⅝⅞™±°¿◌̨ Ω§€®Ŧ¥↑ıØÞ◌̊¯ ÆẞÐªŊĦ◌̇&Ł◌̣◌̌◌̆  ›‹©‚‘’º×÷—"}},
	{"de-ch",
	 {"§1234567890'◌̂ qwertzuiopü◌̈ asdfghjklöä$ <yxcvbnm,.-",
	  "°+\"*ç%&/()=?◌̀ QWERTZUIOPè! ASDFGHJKLéà£ >YXCVBNM;:_",
	  "¬|@#¼½¬|¢]}◌́◌̃ @ſ€¶ŧ←↓→œþ[] æßðđŋħ◌̉ĸł◌́{} \\«»¢„“”µ•·◌̣",
	  "¬¡⅛£$⅜⅝⅞™±°¿◌̨ Ω§E®Ŧ¥↑ıŒÞ◌̊◌̄ ÆẞÐªŊĦ◌̛&Ł◌̋◌̌◌̆ ¦<>©‚‘’º×÷◌̇"}},
	{"en-gb",
	 {"`1234567890-= qwertyuiop[] asdfghjkl;'# \\zxcvbnm,./",
	  "¬!\"£$%^&*()_+ QWERTYUIOP{} ASDFGHJKL:@~ |ZXCVBNM<>?",
	  "|¹²³€½¾{[]}\\◌̧ @ſe¶ŧ←↓→øþ◌̈◌̃ æßðđŋħ◌̉ĸł◌́◌̂◌̀ |«»¢„“”µ•·◌̣",
	  "|¡⅛£¼⅜⅝⅞™±°¿◌̨ Ω§E®Ŧ¥↑ıØÞ◌̊◌̄ ÆẞÐªŊĦ◌̛&Ł◌̋◌̌◌̆ ¦<>©‚‘’º×÷◌̇"}},
	{"en-us",
	 {"`1234567890-= qwertyuiop[] asdfghjkl;'\\  zxcvbnm,./",
	  "~!@#$%^&*()_+ QWERTYUIOP{} ASDFGHJKL:\"|  ZXCVBNM<>?"}},
	{"es",
	 {"º1234567890'¡ qwertyuiop◌̀+ asdfghjklñ◌́ç <zxcvbnm,.-",
	  "ª!\"·$%&/()=?¿ QWERTYUIOP◌̂* ASDFGHJKLÑ◌̈Ç >ZXCVBNM;:_",
	  "\\|@#~½¬{[]}\\◌̧ @ſ€¶ŧ←↓→øþ[] æßðđŋħ◌̉ĸł◌̃{} |«»¢„“”µ•·◌̣",
	  "\\¡⅛£$⅜⅝⅞™±°¿◌̨ Ω§¢®Ŧ¥↑ıØÞ◌̊◌̄ ÆẞÐªŊĦ◌̛&Ł◌̋◌̌◌̆ ¦<>©‚‘’º×÷◌̇"}},
	{"et",
	 {"◌̌1234567890+◌́ qwertyuiopüõ asdfghjklöä' <zxcvbnm,.-",
	  "◌̃!\"#¤%&/()=?◌̀ QWERTYUIOPÜÕ ASDFGHJKLÖÄ* >ZXCVBNM;:_",
	  "¬¹@£$½¬{[]}\\` @ſ€¶ŧ←↓→øþ◌̈§ æšðđŋħ◌̉ĸł◌́^½ |ž»¢„“”µ<>|",
	  "¬¡⅛£$⅜⅝⅞™±°¿' Ω§¢®Ŧ¥↑ıØÞ◌̊◌̄ ÆŠÐªŊĦ◌̛&Ł◌̋◌̌◌̆ ¦Ž>©‚‘’º×÷˙"}},
	{"fi",
	 {"§1234567890+◌́ qwertyuiopå◌̈ asdfghjklöä' <zxcvbnm,.-",
	  "½!\"#¤%&/()=?◌̀ QWERTYUIOPÅ◌̂ ASDFGHJKLÖÄ* >ZXCVBNM;:_",
	  "◌̵ @£$‰‚{[]}\\◌̧ qw€rþyuıœ◌̛◌̋◌̃ əßðfghjĸ◌̵øæ◌̌ |ʒ×cvbŋµ’◌̣–",
	  " ¡”»«“„ <>°¿◌̨ QW RÞYU|Œ◌̉◌̊◌̄ ƏẞÐFGHJ  ØÆ◌̆ ¦Ʒ·CVBŊ—‘◌̇"}},
	{"fo",
	 {"½1234567890+◌́ qwertyuiopåð asdfghjklæø' <zxcvbnm,.-",
	  "§!\"#¤%&/()=?◌̀ QWERTYUIOPÅÐ ASDFGHJKLÆØ* >ZXCVBNM;:_",
	  "¾¡@£$½¥{[]}±| @ſ€®þ←↓→œþ◌̈◌̃ ªßðđŋħ◌̉ĸł◌́◌̂◌̋ \\«»©„“”µ◌̧·",
	  "¶¹²³¼¢⅝÷«»°¿¦ Ω§¢®Þ¥↑ıŒÞ◌̂◌̌ ºẞÐªŊĦ◌̛&Ł◌̋◌̌× ¬<>©‚‘’º◌̨◌̇¯"}},
	{"fr",
	 {"²&é\"'(-è_çà)= azertyuiop◌̂$ qsdfghjklmù* <wxcvbn,;:!",
	  "~1234567890°+ AZERTYUIOP◌̈£ QSDFGHJKLM%µ >WXCVBN?./§",
	  "¬¹~#{[|`\\^@]} æ«€¶ŧ←↓→øþ◌̈¤ @ßðđŋħ◌̉ĸłµ◌̂◌̀ |ł»¢„“”◌́•·◌̣",
	  "¬¡⅛£$⅜⅝⅞™±°¿◌̨ Æ<¢®Ŧ¥↑ıØÞ◌̊◌̄ ΩẞÐªŊĦ◌̛&Łº◌̌◌̆ ¦Ł>©‚‘’◌̋×÷◌̇"}},
	{"fr-be",
	 {"²&é\"'(§è!çà)- azertyuiop◌̂$ qsdfghjklmùµ <wxcvbn,;:=",
	  "³1234567890°_ AZERTYUIOP◌̈* QSDFGHJKLM%£ >WXCVBN?./+",
	  "¬|@#¼½^{[{}\\◌̧ @ſ€¶ŧ←↓→œþ[] æßðđŋħ◌̉ĸł◌́◌́◌̀ \\«»¢„“”◌̧•·◌̃",
	  "¬¡⅛£$⅜⅝⅞™±°¿◌̨ Ω§¢®Ŧ¥↑ıŒÞ◌̊◌̄ ÆẞÐªŊĦ◌̛&Ł◌̋◌̌◌̆ \\<>©‚‘’º×÷◌̇"}},
	{"fr-ca",
	 {"#1234567890-= qwertyuiop◌̂◌̧ asdfghjkl;◌̀< «zxcvbnm,.é",
	  "|!\"/$%?&*()_+ QWERTYUIOP◌̂◌̈ ASDFGHJKL:◌̀> »ZXCVBNM'.É",
	  "\\±@£¢¤¬¦²³¼½¾         §¶[]          ~{} °      µ¯ ◌́",
	  "                                        ¦"}},
	{"fr-ch",
	 {"§1234567890'◌̂ qwertzuiopè◌̈ asdfghjkléà$ <yxcvbnm,.-",
	  "°+\"*ç%&/()=?◌̀ QWERTZUIOPü! ASDFGHJKLöä£ >YXCVBNM;:_",
	  "¬|@#¼½¬|¢]}◌́◌̃ @ſ€¶ŧ←↓→œþ[] æßðđŋħ◌̉ĸł◌́{} \\«»¢„“”µ•·◌̣",
	  "¬¡⅛£$⅜⅝⅞™±°¿◌̨ Ω§E®Ŧ¥↑ıŒÞ◌̊◌̄ ÆẞÐªŊĦ◌̛&Ł◌̋◌̌◌̆ ¦<>©‚‘’º×÷◌̇"}},
	{"hr",
	 {"`1234567890'+ qwertzuiopšđ asdfghjklčćž <yxcvbnm,.-",
	  "~!\"#$%&/()=?* QWERTZUIOPŠĐ ASDFGHJKLČĆŽ >YXCVBNM;:_",
	  "¬~◌̌^◌̆°◌̨`◌̇◌́◌̋◌̈◌̧ \\|€¶ŧ←↓→øþ÷× æ„”[]ħ◌̉łł◌́ß¤ |‘’¢@{}§<>◌̣",
	  "¬◌̃ˇ◌̂˘◌̊˛◌̀˙'˝¨¸ ΩŁ€®Ŧ¥↑ıØÞ◌̊◌̄ Æ»«ªŊĦ◌̛&Ł◌̋◌̌◌̆ ¦»«©`'}º×÷◌̇"}},
	{"hu",
	 {"0123456789öüó qwertzuiopőú asdfghjkléáű íyxcvbnm,.-",
	  "§'\"+!%/=()ÖÜÓ QWERTZUIOPŐÚ ASDFGHJKLÉÁŰ ÍYXCVBNM?:_",
	  "¬~◌̌^◌̆◌̊◌̨`◌̇◌́◌̋◌̈◌̧ \\|Ä¶ŧ–€Í„”÷× äđĐ[]ħíłŁ$ß¤ <>#&@{}<;>*",
	  "¬◌̃ˇ◌̂˘°˛◌̀˙´˝¨¸ Ω§E®Ŧ¥↑íØÞ◌̊◌̄ ÄẞÐªŊĦÍ&Ł¢ẞ◌̆ ><>©‚‘’º×÷◌̇"}},
	{"is",
	 {"◌̊1234567890ö- qwertyuiopð' asdfghjklæ◌́+ <zxcvbnm,.þ",
	  "◌̈!\"#$%&/()=Ö_ QWERTYUIOPÐ? ASDFGHJKLÆ◌́* >ZXCVBNM;:Þ",
	  "¬¹²³¼½¬{[]}\\◌̧ @ſ€¶ŧ←↓→ø|◌̈~ æß„đŋħ◌̉ĸł^◌̂` |«»¢„“”µ•·◌̣",
	  " ¡⅛£¤⅜⅝⅞™±°¿◌̨ Ω§¢®Ŧ¥↑ıØπ◌̊◌̄ Æẞ“ªŊĦ◌̛&Ł◌̋◌̌◌̆ ¦<>©‚‘’º×÷◌̇"}},
	{"it",
	 {"\\1234567890'ì qwertyuiopè+ asdfghjklòàù <zxcvbnm,.-",
	  "|!\"£$%&/()=?^ QWERTYUIOPé* ASDFGHJKLç°§ >ZXCVBNM;:_",
	  "¬¹²³¼½¬{[]}`~ @ſ€¶ŧ←↓→øþ[] æßðđŋħ◌̉ĸł@#◌̀ ««»¢“”ñµ◌́·◌̄",
	  "¦¡◌̋◌̃⅛⅜⅝⅞™±◌̨¿◌̂ Ω§¢®Ŧ¥↑ıØÞ{} ÆẞÐªŊĦ◌̛&Ł◌̧◌̊◌̆ »<>©‘’Ñº×◌̈÷"}},
	{"lt",
	 {"`ąčęėįšųū„“-ž qwertyuiop[] asdfghjkl;'\\ –zxcvbnm,./",
	  "~ĄČĘĖĮŠŲŪ()_Ž QWERTYUIOP{} ASDFGHJKL:\"| €ZXCVBNM<>?",
	  "´1234567890–= @ſ€¶ŧ←↓→øþ◌̈◌̃ æßðđŋħ◌̉ĸł◌́◌̂◌̀ |«»¢„“”µ•·◌̣",
	  "¬!@#$%^&*()¿+ Ω§£®Ŧ¥↑ıØÞ◌̊◌̄ ÆẞÐªŊĦ◌̛&Ł◌̋◌̌◌̆ ¦<>©‚‘’º×÷◌̇"}},
	{"lv",
	 {"`1234567890-= qwertyuiop[] asdfghjkl;'\\  zxcvbnm,./",
	  "~!@#$%^&*()_+ QWERTYUIOP{} ASDFGHJKL:\"|  ZXCVBNM<>?",
	  "´¹²³€½¾{[]}\\– qwēŗtyūīōp«» āšdfģhjķļ;“` |žxčvbņm•·/",
	  "~¡⅛£¢⅜⅝⅞™±°¿— QWĒŖTYŪĪŌP“” ĀŠDFĢHJĶĻ:„˘ ¦ŽXČVBŅM×÷˙"}},
	{"nl",
	 {"@1234567890/° qwertyuiop◌̈* asdfghjkl+◌́< ]zxcvbnm,.-",
	  "§!\"#$%&_()'?◌̃ QWERTYUIOP◌̂| ASDFGHJKL±◌̀> [ZXCVBNM;:=",
	  "¬¹²³¼½¾£{}°\\◌̧ @ſ€¶þÿüïò¶~◌̃ áßðªŋħ◌̉ĸł◌́'◌̀ |«»¢“”ñμ¸·",
	  "¬¡⅛£$⅜⅝⅞[]™¿◌̨ Ω§¢®Þ¥ÜÏÒÞ^◌̄ ÁẞÐªŊĦ◌̛&Ł◌̋`◌̆ ¦<>©‘’Ñº«»◌̇"}},
	{"no",
	 {"|1234567890+\\ qwertyuiopå◌̈ asdfghjkløæ' <zxcvbnm,.-",
	  "§!\"#¤%&/()=?◌̀ QWERTYUIOPÅ◌̂ ASDFGHJKLØÆ* >ZXCVBNM;:_",
	  "¦¡@£$½¥{[]}±◌́ @ſ€®þ←↓→œπ◌̈◌̃ ªßðđŋħ◌̉ĸł◌́◌̂◌̋ ½«»©„“”µ◌̧…–",
	  "¶¹²³¼‰⅝÷«»°¿¬ Ω§¢™Þ¥↑ıŒΠ◌̊◌̌ ºẞÐªŊĦ◌̛&Ł◌̋◌̌× ¾<>©‚‘’º◌̨·—"}},
	{"pl",
	 {"`1234567890-= qwertyuiop[] asdfghjkl;'\\  zxcvbnm,./",
	  "~!@#$%^&*()_+ QWERTYUIOP{} ASDFGHJKL:\"|  ZXCVBNM<>?",
	  "¬≠²³¢€½§·«»–◌̧ πœę©ß←↓→óþ◌̈◌̃ ąśðæŋ’ə…ł◌́◌̂◌̀ |żźć„”ńµ≤≥◌̣",
	  "∨¡¿£¼‰∧≈¾±°—◌̨ ΩŒĘ®™¥↑↔ÓÞ◌̊◌̄ ĄŚÐÆŊ•Ə◌̵Ł◌̋◌̌◌̆ ¦ŻŹĆ‘“Ń∞×÷◌̇"}},
	{"pt",
	 {"\\1234567890'« qwertyuiop+◌́ asdfghjklçº◌̃ <zxcvbnm,.-",
	  "|!\"#$%&/()=?» QWERTYUIOP*◌̀ ASDFGHJKLÇª◌̂ >ZXCVBNM;:_",
	  "¬¹@£§½¬{[]}\\◌̧ @ſ€¶ŧ←↓→øþ◌̈◌̃ æßðđŋħ◌̉ĸł◌́◌̂◌̀ \\«»¢„“”µ•·◌̣",
	  "¬¡⅛£$⅜⅝⅞™±°¿◌̨ Ω§¢®Ŧ¥↑ıØÞ◌̊◌̄ ÆẞÐªŊĦ◌̛&Ł◌̋◌̌◌̆ \\<>©‚‘’º×÷◌̇"}},
	{"pt-br",
	 {"'1234567890-= qwertyuiop◌́[ asdfghjklç◌̃] \\zxcvbnm,.;",
	  "\"!@#$%◌̈&*()_+ QWERTYUIOP◌̀{ ASDFGHJKLÇ◌̂} |ZXCVBNM<>:",
	  "¬¹²³£¢¬{[]}\\§ /?°®ŧ←↓→øþ´ª æßðđŋħ◌̉ĸł◌́~º ◌̌«»©„“”µ•·◌̣",
	  "¬¡½¾¼⅜¨⅞™±°¿◌̨ /?°®Ŧ¥↑ıØÞ`◌̄ ÆẞÐªŊĦ◌̛&Ł◌̋^º ◌̆<>©‚‘’µ×÷◌̇"}},
	{"sl",
	 {"¸1234567890'+ qwertzuiopšđ asdfghjklčćž <yxcvbnm,.-",
	  "¨!\"#$%&/()=?* QWERTZUIOPŠĐ ASDFGHJKLČĆŽ >YXCVBNM;:_",
	  " ◌̃◌̌◌̂◌̆◌̊◌̨◌̀◌̇◌́◌̋◌̈◌̧ \\|€¶ŧ←↓→øþ÷× æ„“[]ħ◌̉łł◌́ß¤ |‘’¢@{}§<>—",
	  " ~ˇ^˘°˛`˙'˝¨¸ ΩŁ€®Ŧ¥↑ıØÞ◌̊◌̄ Æ»«ªŊĦ◌̛&Ł◌̋◌̌◌̆ ¦»«©`'}º×÷–"}},
	{"sv",
	 {"§1234567890+◌́ qwertyuiopå◌̈ asdfghjklöä' <zxcvbnm,.-",
	  "½!\"#¤%&/()=?◌̀ QWERTYUIOPÅ◌̂ ASDFGHJKLÖÄ* >ZXCVBNM;:_",
	  "¶¡@£$€¥{[]}\\± @ſ€®þ←↓→œþ◌̈◌̃ ªßðđŋħ◌̉ĸłøæ´ |«»©„“”µ◌̧·◌̣",
	  "¾¹²³¼¢⅝÷«»°¿¬ Ω§¢®Þ¥↑ıŒÞ◌̊◌̌ ºẞÐªŊĦ◌̛&ŁØÆ× ¦<>©‚‘’º◌̨◌̇◌̇"}},
	{"tr",
	 {"\"1234567890*- qwertyuıopğü asdfghjklşi, <zxcvbnmöç.",
	  "é!'^+%&/()=?_ QWERTYUIOPĞÜ ASDFGHJKLŞİ; >ZXCVBNMÖÇ:",
	  "<>£#$½¾{[]}\\| @ €¶₺←ûîô ◌̈~ âß ª  ◌̉  ´'` |«»¢„“”µ×·◌̇",
	  "°¡²³¼⅜   ±°¿  Ω  ® ¥ÛÎÔ ◌̊◌̄ Â     ◌̛  ◌́◌̌◌̀ ¦<>©‚‘’º ÷◌̇"}},
};
/* clang-format on */

uint16_t layout_next(const char **s)
{
	const uint8_t *b = (const uint8_t *)*s;
	unsigned n = *b < 0x80 ? 1 : *b < 0xe0 ? 2 : 3;

	*s += n;
	if (n == 1)
		return b[0];
	if (n == 2)
		return (uint16_t)((b[0] & 0x1f) << 6 | (b[1] & 0x3f));
	return (uint16_t)((b[0] & 0x0f) << 12 | (b[1] & 0x3f) << 6 | (b[2] & 0x3f));
}

static void fill(uint16_t *at, const char *s)
{
	memset(at, 0, LAYOUT_KEYS * sizeof(*at));
	for (size_t i = 0; s && *s && i < ARRAY_SIZE(places); i++) {
		uint16_t c = layout_next(&s);

		if (c == DOTTED_CIRCLE)
			c = layout_next(&s);
		if (c != ' ' && places[i])
			at[places[i]] = c;
	}
}

bool layout_load(struct layout *l, const char *name)
{
	size_t n = 0;

	if (!strcmp(name, "cs"))
		name = "cz";
	while (n < ARRAY_SIZE(layouts) && strcmp(layouts[n].name, name))
		n++;
	if (n == ARRAY_SIZE(layouts))
		return false;
	if (!l)
		return true;
	for (unsigned level = 0; level < LAYOUT_LEVELS; level++)
		fill(l->at[level], layouts[n].levels[level]);
	l->at[0][SPACE] = l->at[LAYOUT_SHIFT][SPACE] = ' ';
	l->altgr = layouts[n].levels[LAYOUT_ALTGR];
	return true;
}

unsigned layout_count(void)
{
	return ARRAY_SIZE(layouts);
}

const char *layout_name(unsigned n)
{
	return n < ARRAY_SIZE(layouts) ? layouts[n].name : NULL;
}

static bool is_pair_odd(uint32_t c)
{
	return (c > 0x138 && c < 0x149) || (c > 0x178 && c < 0x17f);
}

uint32_t layout_capital(uint32_t c)
{
	if ((c >= 'a' && c <= 'z') || (c >= 0xe0 && c < 0xff && c != 0xf7))
		return c - 0x20;
	if (c == 0xff)
		return 0x178;
	if (c < 0x100 || c > 0x17e || c == 0x131 || c == 0x138 || c == 0x149)
		return c;
	/* In most of Latin Extended-A the small letter is the odd one. */
	return is_pair_odd(c) ? c - !(c & 1) : c & ~1u;
}
